/// Why bytes gave no reading. Each is counted; none stops anything.
public enum Diagnostic: Hashable, Sendable {
    /// Bytes between frames were skipped; counted once per stretch.
    case resync
    case checksum
    /// The frame ends inside a field.
    case truncated
    /// The frame has another length than the profile says.
    case length
    /// Bytes are left behind a repeated field.
    case trailing
    /// No message of the profile fits the frame.
    case unknown
    /// A value outside the profile's range.
    case outOfRange
    /// The sensor itself said that the value does not count (`unless`).
    case suppressed
    /// A line or frame longer than allowed.
    case tooLong
    case notJSON
    /// Frames of a group are missing.
    case frameLoss
    /// The end byte of a frame is missing.
    case noEnd
    /// Text where a number was expected.
    case notANumber
    /// A code without a meaning.
    case reserved
    /// The whole frame was declared invalid (`dropAll`).
    case invalid
    /// A part of a message in several frames came without the message that announces it.
    case noHead
    /// A part is missing: the whole message is dropped.
    case gap
    /// A value whose time the device should have told and did not.
    case noTime
    /// A value that claims to be from the future.
    case future
    /// A line of values came before the line that names them.
    case noHeader
    /// A word of the profile.
    case other(String)

    /// All but the profiles' own words, in the order of their counters.
    static let builtIn: [Diagnostic] = [
        .resync, .checksum, .truncated, .length, .trailing, .unknown, .outOfRange, .suppressed, .tooLong, .notJSON,
        .frameLoss, .noEnd, .notANumber, .reserved, .invalid, .noHead, .gap, .noTime, .future, .noHeader,
    ]

    /// The word that vectors and logs use.
    public var name: String {
        switch self {
        case .resync: "resync"
        case .checksum: "checksum"
        case .truncated: "truncated"
        case .length: "length"
        case .trailing: "trailing"
        case .unknown: "unknown"
        case .outOfRange: "out-of-range"
        case .suppressed: "suppressed"
        case .tooLong: "too-long"
        case .notJSON: "not-json"
        case .frameLoss: "frame-loss"
        case .noEnd: "no-end"
        case .notANumber: "not-a-number"
        case .reserved: "reserved"
        case .invalid: "invalid"
        case .noHead: "no-head"
        case .gap: "gap"
        case .noTime: "no-time"
        case .future: "future"
        case .noHeader: "no-header"
        case .other(let word): word
        }
    }

    /// Whether the bytes themselves were wrong, rather than a value in a good frame.
    public var isFramingError: Bool {
        switch self {
        case .resync, .checksum, .truncated, .length, .tooLong, .notJSON, .frameLoss, .noEnd, .unknown: true
        case .trailing, .outOfRange, .suppressed, .notANumber, .reserved, .invalid, .noHead, .gap, .noTime, .future,
            .noHeader, .other:
            false
        }
    }
}
