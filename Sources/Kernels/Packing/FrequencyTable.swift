/// Frequencies of symbols as shares of 4096, none of a symbol that occurs below one share.
struct FrequencyTable {
    /// A share is a 2⁻¹² part: fine enough to cost under 1 % of what exact frequencies would, and its decoding table
    /// stays within the first-level cache.
    static let bits = 12
    static let shares = 1 << bits

    /// Shares of the symbols from `first` on; the first and the last are not 0.
    private(set) var shares: [UInt16]
    let first: Int

    /// Scales a histogram that is not empty. A table never has one symbol only: its share of 4096 has no 12 bits, so a
    /// neighbour gets one share.
    init(_ histogram: TokenHistogram) {
        let range = histogram.range ?? 0...0
        if range.count == 1 {
            let isLast = range.lowerBound == Token.count - 1
            first = isLast ? range.lowerBound - 1 : range.lowerBound
            shares = isLast ? [1, UInt16(Self.shares - 1)] : [UInt16(Self.shares - 1), 1]
            return
        }
        first = range.lowerBound
        shares = histogram.counts[range].map { count in
            count == 0 ? 0 : UInt16(max(1, Int(count) * Self.shares / histogram.total))
        }
        var excess = shares.reduce(0) { $0 + Int($1) } - Self.shares
        while excess != 0 {
            guard let largest = shares.indices.max(by: { shares[$0] < shares[$1] }) else { break }
            // What is missing goes to the most frequent at once; what is too much is taken where it is felt least.
            let change = excess < 0 ? excess : 1
            shares[largest] = UInt16(Int(shares[largest]) - change)
            excess -= change
        }
    }

    /// The first symbol, how many there are up to the last, which of them occur, and their shares.
    func append(to bytes: inout [UInt8]) {
        bytes.append(UInt64(first), bytes: 2)
        bytes.append(UInt64(shares.count), bytes: 2)
        var bits = BitWriter()
        for share in shares { bits.append(share > 0 ? 1 : 0, bits: 1, to: &bytes) }
        for share in shares where share > 0 { bits.append(UInt64(share), bits: Self.bits, to: &bytes) }
        bits.finish(&bytes)
    }

    /// Reads what `append` wrote; what does not add up is malformed.
    init(_ bytes: inout PackedBytes) throws(PackingError) {
        first = Int(try bytes.integer(bytes: 2))
        let count = Int(try bytes.integer(bytes: 2))
        guard count >= 2, first + count <= Token.count else { throw .malformed }
        var bits = BitReader(bytes)
        shares = []
        for _ in 0..<count { shares.append(UInt16(try bits.read(1))) }
        for i in shares.indices where shares[i] > 0 { shares[i] = UInt16(try bits.read(Self.bits)) }
        guard shares.reduce(0, { $0 + Int($1) }) == Self.shares else { throw .malformed }
        _ = try bytes.take(bits.bytesRead)
    }
}
