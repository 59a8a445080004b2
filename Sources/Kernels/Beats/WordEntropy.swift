/// How varied the last 127 three-beat words of a heart are (Zhou, Ding, Wu et al. 2015, PLoS ONE 10:e0136544).
///
/// Each interval becomes a symbol: its rate in steps of 5 a minute, 63 from 315 a minute on. Three successive symbols
/// make a word. With k distinct words among the last N = 127, of shares p, the entropy is
/// H″ = k / (N log₂ N) · −Σ p log₂ p: 0 for a heart like a clock, 1 for one that never repeats itself. From 0.639 on the
/// authors speak of atrial fibrillation; published for the middle of the window (63 beats back): AFDB 97.37 % sensitive
/// and 98.44 % specific.
///
/// A beat costs one pass over the ring, so that nothing can drift: what is kept is whole numbers.
public struct WordEntropy: Sendable, Equatable {
    /// Words in the window.
    public static let words = 127
    /// From here on the rhythm counts as irregular (Zhou 2015).
    public static let threshold = 0.639
    /// What stands before the middle of the window: a value speaks of the beat that many before the newest.
    public static let middle = 63

    /// The last words, oldest overwritten first, and how many there are.
    public private(set) var ring: [UInt32] = []
    public private(set) var next = 0
    /// Symbols of the last two intervals; −1: none since the last gap.
    public private(set) var before: Int32 = -1
    public private(set) var last: Int32 = -1
    /// `heights[c]`: how many distinct words occur c times.
    private var heights = [UInt8](repeating: 0, count: words + 1)

    public init() {}

    /// A state as it was kept; `nil` when it cannot be one.
    public init?(ring: [UInt32], next: Int, before: Int32, last: Int32) {
        guard ring.count <= Self.words, next >= 0, next < Swift.max(ring.count, 1), (-1...63).contains(before),
            (-1...63).contains(last), ring.allSatisfy({ $0 < 1 << 18 })
        else { return nil }
        self.ring = ring
        self.next = next
        self.before = before
        self.last = last
        for (i, word) in ring.enumerated() {
            // The first of its kind counts all of them.
            guard !ring[..<i].contains(word) else { continue }
            heights[ring.count { $0 == word }] += 1
        }
    }

    /// The next interval has nothing before it: words do not reach across a gap.
    public mutating func part() { (before, last) = (-1, -1) }

    /// Takes the next interval, in ms. O(127).
    public mutating func add(_ interval: Double) {
        let symbol = Self.symbol(interval)
        if before >= 0 { add(word: UInt32(4096 * before + 64 * last + symbol)) }
        (before, last) = (last, symbol)
    }

    private mutating func add(word: UInt32) {
        if ring.count == Self.words {
            let old = ring[next]
            let height = count(old)
            heights[height] -= 1
            if height > 1 { heights[height - 1] += 1 }
            ring[next] = word
            let new = count(word)
            if new > 1 { heights[new - 1] -= 1 }
            heights[new] += 1
            next = next + 1 == Self.words ? 0 : next + 1
        } else {
            ring.append(word)
            let new = count(word)
            if new > 1 { heights[new - 1] -= 1 }
            heights[new] += 1
        }
    }

    private func count(_ word: UInt32) -> Int {
        ring.withUnsafeBufferPointer { words in
            var n: UInt32 = 0
            for i in 0..<words.count { n &+= words[i] == word ? 1 : 0 }
            return Int(n)
        }
    }

    /// H″; NaN until the window is full.
    public var value: Double {
        guard ring.count == Self.words else { return .nan }
        var distinct = 0
        var entropy = 0.0
        for height in 1...Self.words where heights[height] > 0 {
            distinct += Int(heights[height])
            entropy += Double(heights[height]) * Self.shares[height]
        }
        return Double(distinct) * entropy / (Double(Self.words) * Self.binaryLogarithm(Double(Self.words)))
    }

    /// −p log₂ p of the share p of a word that occurs so many times.
    private static let shares: [Double] = (0...words).map { height in
        guard height > 0 else { return 0 }
        let p = Double(height) / Double(words)
        return -p * binaryLogarithm(p)
    }

    private static func binaryLogarithm(_ x: Double) -> Double { Logarithm.natural(x) / Logarithm.natural(2) }

    /// Rate of an interval in steps of 5 a minute, at most 63.
    static func symbol(_ interval: Double) -> Int32 {
        let rate = 60_000 / interval
        // Not a number and nothing at all have no rate either.
        guard rate < 315, rate > 0 else { return rate <= 0 ? 0 : 63 }
        return Int32(rate / 5)
    }
}
