import Profiles
import Vitals

/// What a device says of itself in its Device Information Service (DIS 1.2). All of it may be missing, and much of it
/// is the same for every device of a model; `serial` is what tells one from another.
public struct PeripheralIdentity: Hashable, Sendable {
    public var manufacturer: String?
    public var model: String?
    public var serial: String?
    public var firmware: String?

    public init(manufacturer: String? = nil, model: String? = nil, serial: String? = nil, firmware: String? = nil) {
        self.manufacturer = manufacturer
        self.model = model
        self.serial = serial
        self.firmware = firmware
    }

    static let service = BluetoothUUID(assigned: 0x180A)

    /// What is read, and where it goes. Bluetooth Assigned Numbers, 3.8.
    enum Field: UInt16, CaseIterable {
        case serial = 0x2A25
        case model = 0x2A24
        case firmware = 0x2A26
        case manufacturer = 0x2A29
    }

    subscript(field: Field) -> String? {
        get {
            switch field {
            case .serial: serial
            case .model: model
            case .firmware: firmware
            case .manufacturer: manufacturer
            }
        }
        set {
            switch field {
            case .serial: serial = newValue
            case .model: model = newValue
            case .firmware: firmware = newValue
            case .manufacturer: manufacturer = newValue
            }
        }
    }

    /// Texts as devices send them: often padded with zeros or spaces, sometimes not UTF-8. Empty ones and fillers
    /// ("000000", "N/A") say nothing.
    static func text(_ bytes: [UInt8]) -> String? {
        let whole = String(decoding: bytes.prefix { $0 != 0 }.prefix(longest), as: UTF8.self)
        var text = Substring(whole)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        guard !text.isEmpty, text.contains(where: { $0 != "0" }), text.uppercased() != "N/A" else { return nil }
        return String(text)
    }

    /// No real name is longer; what is longer is no name.
    private static let longest = 128
}

extension PeripheralIdentity: WireValue {
    public func write(to writer: inout ByteWriter) {
        for text in [manufacturer, model, serial, firmware] { writer.optional(text) { $0.text($1) } }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        self.init(
            manufacturer: try reader.optional { (reader) throws(WireError) in try reader.text() },
            model: try reader.optional { (reader) throws(WireError) in try reader.text() },
            serial: try reader.optional { (reader) throws(WireError) in try reader.text() },
            firmware: try reader.optional { (reader) throws(WireError) in try reader.text() })
    }
}
