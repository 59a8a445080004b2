/// How a number of any size becomes one of few symbols and some bits behind it.
///
/// Numbers below 64 are symbols of their own. Larger ones share a symbol with those of the same highest bit and the
/// same two bits after it; what tells them apart follows as it is. Small numbers, which most are, so get their exact
/// frequencies, and outliers of 64 bits cost no table.
enum Token {
    /// Numbers that are their own symbol.
    static let direct = 64
    private static let directBits = 6
    /// Symbols there are: four for each highest bit from 6 to 63.
    static let count = direct + (64 - directBits) * 4

    @inline(__always) static func of(_ value: UInt64) -> Int {
        if value < UInt64(direct) { return Int(truncatingIfNeeded: value) }
        let top = 63 - value.leadingZeroBitCount
        return direct + (top - directBits) * 4 + Int(truncatingIfNeeded: value >> UInt64(top - 2)) & 3
    }

    /// How many bits follow a symbol.
    @inline(__always) static func extraBits(_ token: Int) -> Int {
        token < direct ? 0 : (token - direct) / 4 + directBits - 2
    }

    /// The smallest number of a symbol; what follows it is added.
    @inline(__always) static func base(_ token: Int) -> UInt64 {
        token < direct
            ? UInt64(token) : (4 | UInt64((token - direct) % 4)) << UInt64(extraBits(token))
    }
}
