import Profiles

/// One message of the Attribute Protocol (Core 5.4, vol. 3, part F, 3.4).
///
/// ```swift
/// let packet = try ATTPacket([0x1B, 0x03, 0x00, 0x00, 0x48])   // .notification(AttributeValue(3, [0x00, 0x48]))
/// ```
///
/// Reading and writing are inverses: a message that is read is written with the same bytes (but for UUIDs that have a
/// short form: they are written short).
public enum ATTPacket: Hashable, Sendable {
    /// An attribute and its type, as Find Information tells it.
    public struct Found: Hashable, Sendable {
        public var handle: UInt16
        public var type: BluetoothUUID

        public init(_ handle: UInt16, _ type: BluetoothUUID) {
            self.handle = handle
            self.type = type
        }
    }

    /// A service: the handles it spans, and the value of its declaration (its UUID).
    public struct Group: Hashable, Sendable {
        public var range: HandleRange
        public var value: [UInt8]

        public init(_ range: HandleRange, _ value: [UInt8]) {
            self.range = range
            self.value = value
        }
    }

    case error(request: UInt8, handle: UInt16, ATTErrorCode)
    case mtuRequest(UInt16)
    case mtuResponse(UInt16)
    case findInformationRequest(HandleRange)
    /// Not empty; all types of one width.
    case findInformationResponse([Found])
    case findByTypeValueRequest(HandleRange, type: UInt16, value: [UInt8])
    /// Not empty.
    case findByTypeValueResponse([HandleRange])
    case readByTypeRequest(HandleRange, type: BluetoothUUID)
    /// Not empty; all values of one length.
    case readByTypeResponse([AttributeValue])
    case readRequest(UInt16)
    case readResponse([UInt8])
    case readBlobRequest(UInt16, offset: UInt16)
    case readBlobResponse([UInt8])
    case readByGroupTypeRequest(HandleRange, type: BluetoothUUID)
    /// Not empty; all values of one length.
    case readByGroupTypeResponse([Group])
    case writeRequest(AttributeValue)
    case writeResponse
    case writeCommand(AttributeValue)
    case prepareWriteRequest(AttributeValue, offset: UInt16)
    case prepareWriteResponse(AttributeValue, offset: UInt16)
    /// Carries out what was prepared, or forgets it.
    case executeWriteRequest(Bool)
    case executeWriteResponse
    case notification(AttributeValue)
    case multipleNotification([AttributeValue])
    case indication(AttributeValue)
    case confirmation

    /// The smallest and, on LE without agreement, the only size of a message (Core 5.4, vol. 3, part G, 5.2.1).
    public static let smallestMTU = 23
    /// What the values of any attribute and the longest of its messages fit in: 512 + 5.
    public static let largestMTU = 517
    /// No value is longer (Core 5.4, vol. 3, part F, 3.2.9).
    public static let longestValue = 512

    public var opcode: UInt8 {
        switch self {
        case .error: 0x01
        case .mtuRequest: 0x02
        case .mtuResponse: 0x03
        case .findInformationRequest: 0x04
        case .findInformationResponse: 0x05
        case .findByTypeValueRequest: 0x06
        case .findByTypeValueResponse: 0x07
        case .readByTypeRequest: 0x08
        case .readByTypeResponse: 0x09
        case .readRequest: 0x0A
        case .readResponse: 0x0B
        case .readBlobRequest: 0x0C
        case .readBlobResponse: 0x0D
        case .readByGroupTypeRequest: 0x10
        case .readByGroupTypeResponse: 0x11
        case .writeRequest: 0x12
        case .writeResponse: 0x13
        case .prepareWriteRequest: 0x16
        case .prepareWriteResponse: 0x17
        case .executeWriteRequest: 0x18
        case .executeWriteResponse: 0x19
        case .notification: 0x1B
        case .indication: 0x1D
        case .confirmation: 0x1E
        case .multipleNotification: 0x23
        case .writeCommand: 0x52
        }
    }

    /// What an opcode is for, known or not.
    enum Role { case request, response, command, notification, indication, confirmation, unknown }

    /// Bit 6 marks commands (Core 5.4, vol. 3, part F, 3.3.1). Requests are even, their responses one higher.
    static func role(of opcode: UInt8) -> Role {
        if opcode & 0x40 != 0 { return .command }
        switch opcode {
        case 0x1B, 0x23: return .notification
        case 0x1D: return .indication
        case 0x1E: return .confirmation
        case 0x01, 0x03, 0x05, 0x07, 0x09, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x17, 0x19, 0x21: return .response
        default: return opcode & 1 == 0 ? .request : .unknown
        }
    }
}
