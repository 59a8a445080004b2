/// How a Bluetooth link is protected (`BT_SECURITY` of the kernel).
public enum SecurityLevel: UInt8, CaseIterable, Comparable, Hashable, Sendable {
    /// Not encrypted.
    case low = 1
    /// Encrypted, without proof of who is at the other end (Just Works).
    case medium = 2
    /// Encrypted, and a person compared or typed a number.
    case high = 3
    /// The same with a key of 128 bits of Secure Connections.
    case strongest = 4

    public static func < (a: SecurityLevel, b: SecurityLevel) -> Bool { a.rawValue < b.rawValue }

    /// What to ask for after a refusal at this level; `nil` when asking is in vain. Encryption first, for most devices
    /// say "authentication" and mean it.
    func next(for code: ATTErrorCode) -> SecurityLevel? {
        switch (self, code) {
        case (.low, _): .medium
        case (.medium, .insufficientAuthentication): .high
        default: nil
        }
    }
}

extension ATTErrorCode {
    var asksForSecurity: Bool {
        self == .insufficientAuthentication || self == .insufficientEncryption || self == .insufficientKeySize
    }
}
