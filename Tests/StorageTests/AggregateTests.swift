import Testing
import Vitals

@testable import Storage

@Suite("Aggregates are what the samples come to") struct AggregateTests {
    /// Equal, but for the last bits of sums of what is not whole.
    static func areSame(_ a: [SeriesAggregates], _ b: [SeriesAggregates]) -> Bool {
        guard a.map(\.key) == b.map(\.key) else { return false }
        return zip(a, b).allSatisfy { one, other in
            zip(one.aggregates, other.aggregates).allSatisfy { one, other in
                var (x, y) = (one, other)
                let extent = Double(x.count) * max(Double(x.maximum.magnitude), Double(x.minimum.magnitude))
                guard x.isEmpty || (x.sum - y.sum).magnitude <= 1e-12 * extent else { return false }
                (x.sum, y.sum) = (0, 0)
                return x == y
            }
        }
    }

    /// Buckets of all kinds around what was committed.
    private func buckets(_ invention: inout Invention) -> TimeBuckets? {
        let ends = [
            invention.time(), invention.time() - .hours(Int64(invention.pick([0, 1, 30]))),
            invention.clock + .seconds(1),
        ].sorted()
        let steps: [TimeSpan] = [
            .seconds(7), .minutes(1), .minutes(5), .minutes(15), .hours(1), .hours(6), .days(1), .days(7),
        ]
        let zone = invention.pick(["UTC", "Europe/Berlin", "Asia/Kathmandu"])
        var range = TimeRange(ends[0], ends[2])
        if invention.chance(50) {
            range = TimeRange(range.start.floored(to: .minutes(5)), range.end.floored(to: .minutes(5)) + .minutes(5))
        }
        if invention.chance(20) { return TimeBuckets(invention.chance(50) ? .all : range) }
        guard let zone = try? Zone(named: zone) else { return nil }
        return TimeBuckets(range, by: invention.pick(steps), in: zone, atMost: 3000)
    }

    /// Many samples of few series, so that rollups are kept: by the second, with gaps, in late and repeated pieces.
    private func dense(_ invention: inout Invention) -> Commit {
        var commit = Commit(at: invention.clock)
        for _ in 0..<2 {
            let metric = invention.pick(Array(Invention.metrics.prefix(2)))
            let source = Invention.sources[0]
            let start = invention.clock - .seconds(.random(in: 0...9000, using: &invention.random))
            let fraction: Float = invention.pick([1, 1, 0.1])
            let count = Int64.random(in: 1...1500, using: &invention.random)
            let revision = UInt8(invention.pick([0, 0, 1]))
            let samples = (0..<count).filter { _ in !invention.chance(3) }.map { i in
                let time = (start + .seconds(i)).floored(to: .seconds(1))
                return Sample(
                    metric: metric, value: Float(.random(in: -5...90, using: &invention.random)) * fraction, time: time,
                    span: metric == .steps ? 1000 : 0, received: time, source: source,
                    quality: invention.chance(1) ? .artefact : [], revision: revision)
            }
            commit.samples.append(PersonSamples(person: Invention.persons[0], samples: samples))
        }
        return commit
    }

    @Test("whatever was committed, sealed, late, repeated or corrected, in whatever buckets", arguments: 1...12)
    func model(seed: UInt64) throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        let model = ModelStore()
        var invention = Invention(seed: seed)
        var rollups = 0
        for round in 1...30 {
            let commit = invention.chance(40) ? dense(&invention) : invention.commit()
            try store.commit(commit)
            _ = try model.commit(commit)
            if invention.chance(10) { invention.clock = invention.clock + .hours(Int64(invention.pick([1, 7, 30]))) }
            switch Int.random(in: 0..<6, using: &invention.random) {
            case 0: try store.sealAll()
            case 1: try store.beginSeal(at: commit.at)
            case 2: try store.advanceSeal()
            case 3:
                store.close()
                store = try openToWrite(folder.store)
            default: break
            }
            guard round % 5 == 0, let buckets = buckets(&invention) else { continue }
            for side in [store, reader] {
                let person = invention.chance(50) ? nil : invention.pick(Invention.persons)
                let metrics: Set<Metric> = invention.chance(50) ? [] : [invention.pick(Invention.metrics)]
                let found = try side.aggregates(of: person, metrics: metrics, in: buckets)
                let expected = model.aggregates(of: person, metrics: metrics, in: buckets)
                #expect(Self.areSame(found, expected), "round \(round), \(buckets.count) buckets of \(buckets.range)")
            }
            rollups = max(rollups, Int(try store.connection.integer("SELECT count(*) FROM rollup") ?? 0))
        }
        #expect(rollups > 0)
        #expect(try store.check() == [])
    }
}
