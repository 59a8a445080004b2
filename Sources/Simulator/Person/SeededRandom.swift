/// A small generator that gives the same numbers for the same seed on every machine: xoshiro256++ (Blackman and Vigna
/// 2021, ACM TOMS 47:36), seeded by SplitMix64 as its authors advise. Not for secrets.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var s: (UInt64, UInt64, UInt64, UInt64)

    public init(seed: UInt64) {
        var state = seed
        func splitMix() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
        s = (splitMix(), splitMix(), splitMix(), splitMix())
    }

    public mutating func next() -> UInt64 {
        func rotated(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotated(s.0 &+ s.3, 23) &+ s.0
        let t = s.1 << 17
        s.2 ^= s.0
        s.3 ^= s.1
        s.1 ^= s.2
        s.0 ^= s.3
        s.2 ^= t
        s.3 = rotated(s.3, 45)
        return result
    }

    /// Evenly from 0 up to but without 1.
    public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// About normal with mean 0 and standard deviation 1: the sum of twelve uniform numbers less six (Irwin–Hall). Exact
    /// in every bit on every machine, which logarithm and cosine of the C library are not; its tails end at ±6.
    public mutating func normal() -> Double {
        var sum = -6.0
        for _ in 0..<12 { sum += uniform() }
        return sum
    }
}
