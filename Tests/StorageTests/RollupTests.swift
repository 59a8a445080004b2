import Kernels
import Testing
import Vitals

@testable import Storage

@Suite("Rollups") struct RollupTests {
    private static let person = Invention.persons[0]
    private static let start = Timestamp(milliseconds: 1_699_920_000_000)

    /// A second's heart rate and its like, hour by hour.
    private func commit(hour: Int64, metric: Metric = .heartRate, fraction: Float = 1) -> Commit {
        var commit = Commit(at: Self.start + .hours(hour + 1))
        let samples = (0..<3600 as Range<Int64>).map { second in
            let time = Self.start + .hours(hour) + .seconds(second)
            return Sample(
                metric: metric, value: Float(60 + (second * second / 50 + hour) % 40) * fraction, time: time,
                received: time, source: Invention.sources[0])
        }
        commit.samples = [PersonSamples(person: Self.person, samples: samples)]
        return commit
    }

    private func rollup(_ seed: UInt64) -> Rollup {
        var random = Seeded(seed)
        let step = RollupStep.allCases[Int(seed % 3)]
        var quarters: UInt128 = 0
        var places: [Int] = []
        var cells: [Aggregate] = []
        for quarter in 0..<96 where Int.random(in: 0..<10, using: &random) < Int(seed % 11) {
            quarters |= 1 << UInt128(quarter)
            for place in quarter * step.perQuarter..<(quarter + 1) * step.perQuarter
            where Int.random(in: 0..<8, using: &random) > 0 {
                var cell = Aggregate()
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    let whole = Float(Int.random(in: -20...200, using: &random))
                    let odd: [Float] = [0.1, -0, 3.4e38, .leastNonzeroMagnitude, 4_194_304]
                    let value = seed % 4 == 0 ? odd.randomElement(using: &random) ?? 0 : whole
                    cell.add(value, covered: .random(in: 0...1000, using: &random))
                }
                places.append(place)
                cells.append(cell)
            }
        }
        return Rollup(step, quarters: quarters, places: places, cells: cells)
    }

    private static func decode(_ bytes: [UInt8], _ key: RollupKey) throws(Damage) -> Rollup {
        var result: Result<Rollup, Damage> = .failure(Damage(reason: ""))
        bytes.withUnsafeBytes { raw in
            do throws(Damage) { result = .success(try RollupCodec.decode(raw, key: key)) } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    @Test("sums come back bit for bit, whatever they are", arguments: 1...44)
    func roundTrip(seed: UInt64) throws {
        let rollup = rollup(seed)
        let key = RollupKey(series: 7, step: rollup.step, day: -3)
        #expect(RollupKey(key.row) == key)
        let decoded = try Self.decode(RollupCodec.encode(rollup, key: key.row), key)
        #expect(decoded == rollup)
        #expect(decoded.cells.map(\.minimum.bitPattern) == rollup.cells.map(\.minimum.bitPattern))
        #expect(decoded.cells.map(\.sum.bitPattern) == rollup.cells.map(\.sum.bitPattern))
    }

    @Test("sums cut short anywhere, of another row, or with a bit flipped, are damage")
    func damage() throws {
        for seed in [5, 8] as [UInt64] {
            let rollup = rollup(seed)
            let key = RollupKey(series: 7, step: rollup.step, day: 3)
            let bytes = RollupCodec.encode(rollup, key: key.row)
            #expect(throws: Damage.self) {
                try Self.decode(bytes, RollupKey(series: 8, step: rollup.step, day: 3))
            }
            for length in bytes.indices {
                #expect(throws: Damage.self) { try Self.decode(Array(bytes.prefix(length)), key) }
                var flipped = bytes
                flipped[length] ^= 1 << UInt8(length % 8)
                #expect(throws: Damage.self) { try Self.decode(flipped, key) }
            }
        }
    }

    @Test("what a bad hand wrote behind a good checksum decodes to sums in order, or to an error", arguments: 1...6)
    func hostile(seed: UInt64) throws {
        let rollup = rollup(seed + 4)
        let body = Array(RollupCodec.encode(rollup, key: 0).dropFirst(5))
        var random = Seeded(seed)
        for _ in 0..<3000 {
            var bytes = body
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
            }
            guard let read = bytes.withUnsafeBytes({ try? RollupCodec.rollup(of: $0, rollup.step) }) else { continue }
            #expect(zip(read.places, read.places.dropFirst()).allSatisfy { $0 < $1 })
            #expect(read.places.allSatisfy { read.speaks(for: $0 / read.step.perQuarter) })
            #expect(read.cells.allSatisfy { $0.count > 0 && $0.minimum <= $0.maximum })
        }
    }

    @Test("a day of seconds has sums of five minutes in one row, and a day of minutes has none")
    func density() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        for hour in 0..<24 as Range<Int64> { try store.commit(commit(hour: hour)) }
        var slow = commit(hour: 0, metric: .spo2)
        slow.samples[0].samples = slow.samples[0].samples.filter { $0.time.milliseconds % 60_000 == 0 }
        try store.commit(slow)
        try store.sealAll()
        #expect(try store.figures().rollups == 1)
        #expect(try store.figures().rollupBytes < 1500)
        let key = RollupKey(series: 1, step: .fiveMinutes, day: 19_675)
        let rollup = try #require(try store.chunks.rollups.load(key))
        #expect(rollup.places == Array(0..<288))
        #expect(rollup.cells.allSatisfy { $0.count == 300 && $0.covered == 300_000 })
        #expect(try store.check() == [])
    }

    @Test("a damaged rollup is named by the check, made anew by the next seal, and the samples answer meanwhile")
    func repair() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let model = ModelStore()
        for hour in 0..<3 as Range<Int64> {
            try store.commit(commit(hour: hour))
            _ = try model.commit(commit(hour: hour))
        }
        try store.sealAll()
        try store.connection.execute("UPDATE rollup SET bytes = zeroblob(length(bytes))")
        #expect(try store.check().count == 1)
        let buckets = try #require(
            TimeBuckets(TimeRange(Self.start, Self.start + .hours(3)), by: .minutes(5), in: .utc))
        #expect(
            try store.aggregates(of: nil, metrics: [], in: buckets)
                == model.aggregates(of: nil, metrics: [], in: buckets))
        try store.commit(commit(hour: 3))
        try store.sealAll()
        #expect(try store.check() == [])
        for (change, word) in [
            ("DELETE FROM rollup", "missing"), ("UPDATE rollup SET key = key + 1", "checksum"),
            ("UPDATE rollup SET bytes = x'01'", "cut short"),
        ] {
            try store.connection.execute("BEGIN; \(change)")
            #expect(try store.check().contains { $0.contains(word) }, "\(change)")
            try store.connection.execute("ROLLBACK")
        }
    }

    @Test("an upgrade adds up what rests already")
    func upgrade() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        let model = ModelStore()
        for hour in 0..<5 as Range<Int64> {
            for one in [commit(hour: hour), commit(hour: hour, metric: .bodyTemperature, fraction: 0.5)] {
                try store.commit(one)
                _ = try model.commit(one)
            }
        }
        try store.sealAll()
        store.close()
        // As version 6 left it.
        let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
        try raw.execute(
            """
            DROP TABLE rollup; DROP TABLE damaged_rollup; DROP TABLE retired;
            DROP TABLE damaged_row; DROP INDEX series_copy; DROP INDEX key_copy;
            \(SummedTable.all.map { "ALTER TABLE \($0.name) DROP COLUMN sum;" }.joined(separator: "\n"))
            ALTER TABLE head DROP COLUMN tally;
            ALTER TABLE chunk DROP COLUMN opening; ALTER TABLE chunk DROP COLUMN closing;
            UPDATE chunk SET covered = 0; PRAGMA user_version = 6
            """)
        raw.close()
        let buckets = try #require(
            TimeBuckets(TimeRange(Self.start, Self.start + .hours(5)), by: .minutes(10), in: .utc))
        let expected = model.aggregates(of: nil, metrics: [], in: buckets)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        #expect(try reader.aggregates(of: nil, metrics: [], in: buckets) == expected)
        #expect(try reader.check() == [])
        reader.close()
        store = try openToWrite(folder.store)
        #expect(try store.aggregates(of: nil, metrics: [], in: buckets) == expected)
        #expect(try store.figures().rollups == 2)
        #expect(try store.check() == [])
    }
}
