import Testing

@testable import Kernels

/// Columns of all sorts: constant, narrow, with outliers, wide, at the ends of what there is.
private func columns(_ seed: UInt64) -> [[UInt64]] {
    var random = Numbers(seed: seed)
    let bounds: [UInt64] = [1, 2, 3, 11, 64, 70, 300, 1 << 20, .max]
    let bases: [UInt64] = [0, 0, 5, .max - 300, 1 << 40]
    var columns: [[UInt64]] = []
    for count in [0, 1, 2, 3, 4, 5, 47, 48, 49, 50, 51, 64, 500, 1000, 3601] {
        let base = bases.randomElement(using: &random) ?? 0
        let bound = bounds.randomElement(using: &random) ?? 1
        let hasOutliers = Bool.random(using: &random)
        columns.append(
            (0..<count).map { _ in
                // Small ones are more frequent, as in life.
                let value = UInt64.random(in: 0...bound, using: &random) & UInt64.random(in: 0...bound, using: &random)
                let isOutlier = hasOutliers && Int.random(in: 0..<100, using: &random) == 0
                return base &+ (isOutlier ? UInt64.random(in: .min ... .max, using: &random) : value)
            })
    }
    return columns
}

private func unpacked<T>(
    _ bytes: [UInt8], _ count: Int, _ zero: T,
    _ read: (inout PackedBytes, UnsafeMutableBufferPointer<T>) throws(PackingError) -> Void
) throws(PackingError) -> (values: [T], left: Int) {
    var values = [T](repeating: zero, count: count)
    var left = 0
    var failure: PackingError?
    bytes.withUnsafeBytes { raw in
        values.withUnsafeMutableBufferPointer { column in
            var packed = PackedBytes(raw)
            do throws(PackingError) { try read(&packed, column) } catch { failure = error }
            left = packed.remaining
        }
    }
    if let failure { throw failure }
    return (values, left)
}

private func packed<T>(_ values: [T], _ append: (UnsafeBufferPointer<T>, inout [UInt8]) -> Void) -> [UInt8] {
    var bytes: [UInt8] = []
    values.withUnsafeBufferPointer { append($0, &bytes) }
    return bytes
}

@Suite("Packing loses nothing") struct PackingTests {
    @Test("whole numbers of any size come back, and what follows them is left alone", arguments: 1...12)
    func integers(seed: UInt64) throws {
        for column in columns(seed) {
            let bytes = packed(column) { IntegerPacking.append($0, to: &$1) }
            let (values, left) = try unpacked(bytes + [7, 7, 7], column.count, 0) {
                (bytes, column) throws(PackingError) in
                try IntegerPacking.read(&bytes, into: column)
            }
            #expect(values == column)
            #expect(left == 3)
            // Never larger than plain 64 bits and a head.
            #expect(bytes.count <= column.count * 8 + 12)
        }
    }

    @Test("values come back bit for bit, whatever step they have or have not", arguments: 1...12)
    func values(seed: UInt64) throws {
        var random = Numbers(seed: seed)
        let makers: [(inout Numbers) -> Float] = [
            { Float(Int.random(in: 40...200, using: &$0)) },
            { Float(Int.random(in: -4_194_303...4_194_303, using: &$0)) },
            { Float(Double(Int.random(in: 300...420, using: &$0)) / 10) },
            { Float(Double(Int.random(in: -99_999...99_999, using: &$0)) / 1000) },
            { Float(Double(Int.random(in: 300...2000, using: &$0)) * 125 / 128) },
            { Float(Int.random(in: 0...2000, using: &$0)) / 256 },
            { Float.random(in: 0...1, using: &$0) },
            { Float(bitPattern: UInt32.random(in: .min ... .max, using: &$0)) },
            { [0, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude][Int.random(in: 0...5, using: &$0)] },
            { [3.4e38, 8_388_608, 8_388_607, 4_194_304, -12_582_912][Int.random(in: 0...4, using: &$0)] },
        ]
        for make in makers {
            for count in [0, 1, 2, 50, 777] {
                let column = (0..<count).map { _ in make(&random) }
                let bytes = packed(column) { ValuePacking.append($0, to: &$1) }
                let (values, left) = try unpacked(bytes, count, 0) { (bytes, column) throws(PackingError) in
                    try ValuePacking.read(&bytes, into: column)
                }
                #expect(values.map(\.bitPattern) == column.map(\.bitPattern))
                #expect(left == 0)
            }
        }
    }

    @Test("times come back: steady, with gaps, jittered, backwards, centuries apart", arguments: 1...12)
    func times(seed: UInt64) throws {
        var random = Numbers(seed: seed)
        let steps: [(inout Numbers) -> Int64] = [
            { _ in 1000 },
            { Int.random(in: 0...200, using: &$0) == 0 ? 60_000 : 1000 },
            { Int64.random(in: 950...1050, using: &$0) },
            { Int64.random(in: -5...5, using: &$0) },
            { Int64.random(in: .min ... .max, using: &$0) },
        ]
        for step in steps {
            for count in [0, 1, 2, 3, 64, 65, 3600] {
                var time: Int64 = 1_700_000_000_000
                let column = (0..<count).map { _ in
                    time &+= step(&random)
                    return time
                }
                let bytes = packed(column) { TimePacking.append($0, to: &$1) }
                let (times, left) = try unpacked(bytes, count, 0) { (bytes, column) throws(PackingError) in
                    try TimePacking.read(&bytes, into: column)
                }
                #expect(times == column)
                #expect(left == 0)
            }
        }
        // A steady hour takes a dozen bytes, one with ten gaps a few more.
        let steady = (0..<3600).map { Int64($0) * 1000 }
        #expect(packed(steady) { TimePacking.append($0, to: &$1) }.count <= 12)
        let gaps = steady.map { $0 + $0 / 360_000 * 5000 }
        #expect(packed(gaps) { TimePacking.append($0, to: &$1) }.count <= 60)
    }

    @Test("an entropy code takes no more than one part in a hundred above the entropy of its column, and its table")
    func efficiency() {
        var random = Numbers(seed: 3)
        let column = (0..<50_000).map { _ in
            UInt64((0..<6).reduce(0) { sum, _ in sum + Int.random(in: 0...1, using: &random) })
        }
        var counts = [Double](repeating: 0, count: 7)
        for value in column { counts[Int(value)] += 1 }
        let share = counts.map { $0 / Double(column.count) }
        // Six coins: binomial shares, whose entropy is 2.333 bits.
        let logarithms: [Double] = [6, 6 - 2.584962500721156, 6 - 3.906890595608519, 6 - 4.321928094887363]
        let bits = zip(share, logarithms + logarithms.prefix(3).reversed()).reduce(0.0) { $0 + $1.0 * $1.1 }
        let bytes = packed(column) { IntegerPacking.append($0, to: &$1) }
        #expect(Double(bytes.count) < bits * Double(column.count) / 8 * 1.01 + 60)
        #expect(Double(bytes.count) > bits * Double(column.count) / 8 * 0.98)
    }
}

@Suite("Unpacking trusts nothing") struct UnpackingTests {
    @Test("bytes cut short anywhere are refused", arguments: 1...6)
    func truncation(seed: UInt64) {
        for column in columns(seed) where column.count > 1 && column.count < 1000 {
            let bytes = packed(column) { IntegerPacking.append($0, to: &$1) }
            for length in 0..<bytes.count {
                #expect(throws: PackingError.self, "\(length) of \(bytes.count)") {
                    _ = try unpacked(Array(bytes.prefix(length)), column.count, 0) {
                        (bytes, column) throws(PackingError) in try IntegerPacking.read(&bytes, into: column)
                    }
                }
            }
        }
    }

    @Test("noise, and good bytes with flipped bits, are values or an error, never a trap", arguments: 1...20)
    func noise(seed: UInt64) {
        var random = Numbers(seed: seed)
        for column in columns(seed) where column.count <= 1000 {
            var bytes = packed(column) { IntegerPacking.append($0, to: &$1) }
            let whole = bytes
            for round in 0..<30 {
                bytes = whole
                if round < 25, !bytes.isEmpty {
                    for _ in 0...3 {
                        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
                            1 << UInt8.random(in: 0...7, using: &random)
                    }
                } else {
                    bytes = bytes.map { _ in UInt8.random(in: .min ... .max, using: &random) }
                }
                let count = max(1, column.count)
                _ = try? unpacked(bytes, count, UInt64(0)) { (bytes, column) throws(PackingError) in
                    try IntegerPacking.read(&bytes, into: column)
                }
                _ = try? unpacked(bytes, count, Float(0)) { (bytes, column) throws(PackingError) in
                    try ValuePacking.read(&bytes, into: column)
                }
                _ = try? unpacked(bytes, count, Int64(0)) { (bytes, column) throws(PackingError) in
                    try TimePacking.read(&bytes, into: column)
                }
            }
        }
    }
}

@Suite("Packing kernels do what their plain twins do") struct PackingTwinTests {
    @Test("CRC-32C has its published values, bit by bit the same, however the bytes are cut")
    func checksum() {
        // RFC 3720, B.4.
        let cases: [([UInt8], UInt32)] = [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 255, count: 32), 0x62A8_AB43),
            ((0..<32).map { UInt8($0) }, 0x46DD_794E), (Array("123456789".utf8), 0xE306_9283),
        ]
        for (bytes, expected) in cases { #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) } == expected) }
        var random = Numbers(seed: 1)
        for count in 0..<70 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            var plain: UInt32 = .max
            for byte in bytes {
                plain ^= UInt32(byte)
                for _ in 0..<8 { plain = plain & 1 == 1 ? plain >> 1 ^ 0x82F6_3B78 : plain >> 1 }
            }
            #expect(bytes.withUnsafeBytes { CRC32C.checksum($0) } == ~plain)
            let cut = count / 3
            let first = bytes[..<cut].withUnsafeBytes { CRC32C.checksum($0) }
            #expect(bytes[cut...].withUnsafeBytes { CRC32C.checksum($0, after: first) } == ~plain)
        }
    }

    /// The coder by its definition: one state, whole numbers, divisions.
    @Test("four lanes without divisions write what one symbol at a time with divisions writes", arguments: 1...6)
    func coder(seed: UInt64) throws {
        for column in columns(seed) where column.count >= 48 && Set(column).count > 1 {
            let low = column.min() ?? 0
            let symbols = column.map { UInt16(Token.of($0 &- low)) }
            let table = FrequencyTable(column.withUnsafeBufferPointer { TokenHistogram($0, base: low) })
            var bytes: [UInt8] = []
            symbols.withUnsafeBufferPointer { EntropyCoder.append($0, table, to: &bytes) }

            var starts = [Int](repeating: 0, count: table.shares.count)
            for i in starts.indices.dropFirst() { starts[i] = starts[i - 1] + Int(table.shares[i - 1]) }
            var states = [UInt64](repeating: 1 << 15, count: 4)
            var words: [UInt16] = []
            for (i, symbol) in symbols.enumerated().reversed() {
                let place = Int(symbol) - table.first
                let share = UInt64(table.shares[place])
                var x = states[i % 4]
                if x >= share << 19 {
                    words.append(UInt16(x & 0xFFFF))
                    x >>= 16
                }
                states[i % 4] = (x / share) * 4096 + UInt64(starts[place]) + x % share
            }
            var expected: [UInt8] = []
            for state in states { expected += (0..<4).map { UInt8(truncatingIfNeeded: state >> UInt64(8 * $0)) } }
            for word in words.reversed() { expected += [UInt8(word & 255), UInt8(word >> 8)] }
            #expect(bytes == expected)
        }
    }

    @Test("a symbol and the bits behind it make the number again, at every power of two")
    func tokens() {
        var last = -1
        for power in 0..<64 {
            for value in [(1 << power) - 1, 1 << power, (1 << power) + 1] as [UInt64] {
                let token = Token.of(value)
                #expect(token < Token.count)
                let rest = value - Token.base(token)
                #expect(Token.extraBits(token) == 64 || rest >> UInt64(Token.extraBits(token)) == 0)
                #expect(token >= last || value == (1 << power) - 1)
                last = token
            }
        }
        #expect(Token.of(.max) == Token.count - 1)
        for token in 0..<Token.count { #expect(Token.of(Token.base(token)) == token) }
    }
}
