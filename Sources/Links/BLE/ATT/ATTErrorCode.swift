/// Why a device refused a request (Core 5.4, vol. 3, part F, table 3.4; 0xE0 and above: CSS 11, part B).
public struct ATTErrorCode: Error, RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let invalidHandle = ATTErrorCode(rawValue: 0x01)
    public static let readNotPermitted = ATTErrorCode(rawValue: 0x02)
    public static let writeNotPermitted = ATTErrorCode(rawValue: 0x03)
    public static let invalidPDU = ATTErrorCode(rawValue: 0x04)
    public static let insufficientAuthentication = ATTErrorCode(rawValue: 0x05)
    public static let requestNotSupported = ATTErrorCode(rawValue: 0x06)
    public static let invalidOffset = ATTErrorCode(rawValue: 0x07)
    public static let insufficientAuthorization = ATTErrorCode(rawValue: 0x08)
    public static let prepareQueueFull = ATTErrorCode(rawValue: 0x09)
    public static let attributeNotFound = ATTErrorCode(rawValue: 0x0A)
    public static let attributeNotLong = ATTErrorCode(rawValue: 0x0B)
    public static let insufficientKeySize = ATTErrorCode(rawValue: 0x0C)
    public static let invalidLength = ATTErrorCode(rawValue: 0x0D)
    public static let unlikely = ATTErrorCode(rawValue: 0x0E)
    public static let insufficientEncryption = ATTErrorCode(rawValue: 0x0F)
    public static let unsupportedGroupType = ATTErrorCode(rawValue: 0x10)
    public static let insufficientResources = ATTErrorCode(rawValue: 0x11)
    public static let databaseOutOfSync = ATTErrorCode(rawValue: 0x12)
    public static let valueNotAllowed = ATTErrorCode(rawValue: 0x13)

    private static let words: [UInt8: String] = [
        0x01: "no attribute has this handle", 0x02: "may not be read", 0x03: "may not be written",
        0x04: "the request was malformed", 0x05: "needs pairing", 0x06: "the request is not supported",
        0x07: "the offset is beyond the value's end", 0x08: "needs authorization on the device",
        0x09: "too many writes are queued", 0x0A: "no such attribute", 0x0B: "cannot be read in parts",
        0x0C: "needs a longer encryption key", 0x0D: "the value has the wrong length", 0x0E: "unlikely error",
        0x0F: "needs encryption", 0x10: "cannot be grouped", 0x11: "the device has no room left",
        0x12: "the device's attributes have changed", 0x13: "the value is not allowed",
        0xFC: "the write was rejected", 0xFD: "notifications are configured wrongly",
        0xFE: "the device is busy with the last request", 0xFF: "out of range",
    ]
}

extension ATTErrorCode: CustomStringConvertible {
    /// A plain sentence part and the number: `needs encryption (ATT error 0x0f)`.
    public var description: String {
        let digits = String(rawValue, radix: 16)
        let number = "ATT error 0x" + (digits.utf8.count == 1 ? "0" : "") + digits
        return Self.words[rawValue].map { "\($0) (\(number))" } ?? "the device refused (\(number))"
    }
}
