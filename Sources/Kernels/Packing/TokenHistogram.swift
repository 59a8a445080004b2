import Glibc

/// How often each symbol of a column occurs, and what coding it with those frequencies would take.
struct TokenHistogram {
    private(set) var counts = [UInt32](repeating: 0, count: Token.count)
    private(set) var total = 0

    /// Counts the symbols of `values`, each less `base`. O(n).
    ///
    /// Four tables in turn: a column that hardly changes would wait for its own last increment each time.
    init(_ values: UnsafeBufferPointer<UInt64>, base: UInt64) {
        total = values.count
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * Token.count) { tables in
            tables.initialize(repeating: 0)
            guard let table = tables.baseAddress else { return }
            var lane = 0
            for value in values {
                table[lane + Token.of(value &- base)] &+= 1
                lane = lane == 3 * Token.count ? 0 : lane + Token.count
            }
            for token in 0..<Token.count {
                counts[token] =
                    table[token] &+ table[Token.count + token] &+ table[2 * Token.count + token]
                    &+ table[3 * Token.count + token]
            }
        }
    }

    /// Bytes that the column would take, roughly: Shannon's entropy, the bits behind the symbols, and the table.
    var estimatedBytes: Double {
        var bits = 0.0
        var first = Token.count
        var last = 0
        var distinct = 0.0
        for (token, count) in counts.enumerated() where count > 0 {
            let count = Double(count)
            bits += count * (log2(Double(total) / count) + Double(Token.extraBits(token)))
            first = min(first, token)
            last = max(last, token)
            distinct += 1
        }
        return bits / 8 + 1.5 * distinct + Double(max(0, last - first)) / 8
    }

    /// The first and the last symbol that occurs; `nil` for an empty column.
    var range: ClosedRange<Int>? {
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
            return nil
        }
        return first...last
    }
}
