import Kernels
import Testing
import Vitals

@testable import Storage

/// Samples of one series as a sensor, a wristband, a ring at breakfast and an enemy would send them.
private func series(_ seed: UInt64) -> SampleColumns {
    var random = Seeded(seed)
    var columns = SampleColumns()
    let count = [0, 1, 2, 3, 60, 900, 3600].randomElement(using: &random) ?? 0
    let isHostile = seed % 4 == 0
    let jitter = [0, 0, 20].randomElement(using: &random) ?? 0
    let kind = seed % 3
    var time: Int64 = 1_700_000_000_000
    var value = 70
    for _ in 0..<count {
        let step = 1000 + Int64.random(in: -Int64(jitter)...Int64(jitter), using: &random)
        let gap = Int.random(in: 0...300, using: &random) == 0 ? Int64.random(in: 1...9_000_000, using: &random) : step
        time += isHostile ? Int64.random(in: 1...(1 << 40), using: &random) : max(1, gap)
        value += Int.random(in: -2...2, using: &random)
        columns.times.append(time)
        columns.values.append(
            isHostile
                ? Float(bitPattern: UInt32.random(in: .min ... .max, using: &random))
                : kind == 1 ? Float(Double(value) / 10) : Float(value))
        columns.spans.append(
            isHostile ? .random(in: .min ... .max, using: &random) : kind == 2 ? UInt32(clamping: gap) : 0)
        let isOdd = isHostile || Int.random(in: 0...100, using: &random) == 0
        columns.qualities.append(isOdd ? .random(in: 0...63, using: &random) : 0)
        columns.revisions.append(isOdd ? .random(in: .min ... .max, using: &random) : 0)
        columns.delays.append(
            isHostile ? .random(in: .min ... .max, using: &random) : .random(in: 0...900, using: &random))
    }
    return columns
}

private func decode(_ bytes: [UInt8], key: Int64) throws(Damage) -> SampleColumns {
    var result: Result<SampleColumns, Damage> = .failure(.init(reason: ""))
    bytes.withUnsafeBytes { raw in
        do throws(Damage) { result = .success(try ChunkCodec.decode(raw, key: key)) } catch {
            result = .failure(error)
        }
    }
    return try result.get()
}

/// Equal bit for bit: NaN has many patterns and zero two signs.
private func areSame(_ a: SampleColumns, _ b: SampleColumns) -> Bool {
    var (x, y) = (a, b)
    x.values = []
    y.values = []
    return x == y && a.values.map(\.bitPattern) == b.values.map(\.bitPattern)
}

@Suite("Chunks") struct ChunkTests {
    @Test("samples come back bit for bit, but for the time of receipt of those that came in time", arguments: 1...40)
    func roundTrip(seed: UInt64) throws {
        let columns = series(seed)
        let decoded = try decode(ChunkCodec.encode(columns, key: 77), key: 77)
        var expected = columns
        for i in 0..<columns.count where columns.qualities[i] & Quality.late.rawValue == 0 { expected.delays[i] = 0 }
        #expect(areSame(decoded, expected))
        // Resting once more changes nothing.
        #expect(ChunkCodec.encode(decoded, key: 77) == ChunkCodec.encode(columns, key: 77))
    }

    @Test("a chunk is refused when it is cut short anywhere, or lies in another's place", arguments: [3, 7, 16, 21])
    func truncation(seed: UInt64) throws {
        let bytes = ChunkCodec.encode(series(seed)[0..<min(60, series(seed).count)], key: 5)
        for length in 0..<bytes.count {
            #expect(throws: Damage.self) { try decode(Array(bytes.prefix(length)), key: 5) }
        }
        #expect(throws: Damage.self) { try decode(bytes + [0], key: 5) }
        #expect(throws: Damage.self) { try decode(bytes, key: 6) }
    }

    @Test("every flipped bit is noticed", arguments: [1, 4, 6])
    func flips(seed: UInt64) throws {
        let bytes = ChunkCodec.encode(series(seed)[0..<min(60, series(seed).count)], key: 5)
        for bit in 0..<bytes.count * 8 {
            var torn = bytes
            torn[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: Damage.self, "bit \(bit)") { try decode(torn, key: 5) }
        }
    }

    @Test("what gets past the checksum is samples in order or an error, never a trap", arguments: 1...30)
    func noise(seed: UInt64) {
        var random = Seeded(seed)
        let body = Array(ChunkCodec.encode(series(seed), key: 0).dropFirst(5).prefix(3000))
        for _ in 0..<60 {
            var torn = body
            for _ in 0...Int.random(in: 0...4, using: &random) {
                torn[Int.random(in: 0..<torn.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            torn.withUnsafeBytes { raw in
                guard let columns = try? ChunkCodec.columns(of: raw) else { return }
                #expect(zip(columns.times, columns.times.dropFirst()).allSatisfy { $0 < $1 })
                #expect(columns.delays.count == columns.count && columns.spans.count == columns.count)
            }
        }
    }

    @Test("two sets of samples merge the same in any order: the higher revision of a time stays", arguments: 1...20)
    func merging(seed: UInt64) {
        var random = Seeded(seed)
        func some() -> SampleColumns {
            var times = Set<Int64>()
            for _ in 0..<Int.random(in: 0...30, using: &random) { times.insert(.random(in: 0...40, using: &random)) }
            var columns = SampleColumns()
            for time in times.sorted() {
                let revision = UInt8.random(in: 0...3, using: &random)
                columns.append(
                    Sample(
                        metric: .ecg, value: Float(time * 10 + Int64(revision)), time: Timestamp(milliseconds: time),
                        received: Timestamp(milliseconds: time), source: Invention.sources[0], revision: revision))
            }
            return columns
        }
        let (a, b, c) = (some(), some(), some())
        #expect(a.merged(with: b) == b.merged(with: a))
        #expect(a.merged(with: b).merged(with: c) == a.merged(with: b.merged(with: c)))
        #expect(a.merged(with: a) == a)
        let merged = a.merged(with: b)
        #expect(merged.times == Set(a.times + b.times).sorted())
        for (i, time) in merged.times.enumerated() {
            let revisions = [a, b].compactMap { side in side.times.firstIndex(of: time).map { side.revisions[$0] } }
            #expect(merged.revisions[i] == revisions.max())
        }
    }

    @Test("the summary tells what a clinician would count by hand")
    func summary() {
        var columns = SampleColumns()
        func add(_ second: Int64, _ value: Float, quality: Quality = [], span: UInt32 = 0) {
            let time = Timestamp(milliseconds: second * 1000)
            columns.append(
                Sample(
                    metric: .heartRate, value: value, time: time, span: span, received: time,
                    source: Invention.sources[0], quality: quality))
        }
        for second in 0..<10 as Range<Int64> { add(second, 60 + Float(second)) }
        add(10, 250, quality: .artefact)
        add(100, 40, quality: .late)
        let summary = ChunkSummary(columns, isIncrement: false)
        #expect(summary.count == 12 && summary.total.count == 11)
        #expect(summary.first == 0 && summary.last == 100_000)
        #expect(summary.total.minimum == 40 && summary.total.maximum == 69)
        #expect(summary.total.sum == 645 + 40)
        // Ten distances, usual (9 · 1 s + 91 s) / 10 = 10 s, hold 25 s: 9 · 1 s + 25 s + 10 s for the last.
        #expect(summary.total.covered == 44_000)
        columns = SampleColumns()
        add(900, 120, span: 900_000)
        add(1200, 50, span: 900_000)
        #expect(ChunkSummary(columns, isIncrement: true).total.covered == 900_000 + 300_000)
        #expect(ChunkSummary(SampleColumns(), isIncrement: false).count == 0)
    }
}
