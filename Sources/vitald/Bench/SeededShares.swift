/// Marsaglia's xorshift64, as shares of one: the same numbers in every run and on every machine.
struct SeededShares {
    private var state: UInt64 = 88_172_645_463_325_252

    mutating func next() -> Double {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Double(state >> 11) * 0x1p-53
    }
}
