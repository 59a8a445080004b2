import Vitals

/// Why something asked of a Bluetooth device was not done, and what to do about it.
public struct GATTError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The device has no such characteristic.
        case missing
        /// The device refused.
        case refused(ATTErrorCode)
        /// It wants a safer link than it can have.
        case insecure
        /// It said what makes no sense.
        case malformed
        /// It did not answer in time.
        case timeout
        /// More bytes than fit.
        case tooLong
        /// The link ended first.
        case closed
    }

    public var code: Code
    /// What happened and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
