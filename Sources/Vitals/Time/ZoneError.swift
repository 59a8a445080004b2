/// Why a time zone cannot be used, and what to do about it.
public struct ZoneError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No zone of that name; `nearest` is the most similar one that exists.
        case unknown(nearest: String?)
        /// Not the form of a zone name.
        case badName
        /// The file is there and cannot be read.
        case unreadable
        /// The file is not a TZif file, or a damaged one.
        case damaged
        /// No time-zone data on this machine.
        case noData
    }

    public var code: Code
    /// The name that was asked for.
    public var name: String
    public var message: String

    public init(_ code: Code, name: String, _ message: String) {
        self.code = code
        self.name = name
        self.message = message
    }

    public var description: String { message }
}
