import Foundation
import Hub
import Links
import Storage
import Testing
import Vitals

@Suite("The same inputs give the same events")
struct InvarianceTests {
    private func events(_ samples: [Sample], batch: Int) throws -> [Event] {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: try TestHousehold.configured())
        var events: [Event] = []
        for start in stride(from: 0, to: samples.count, by: batch) {
            pipeline.take(samples[start..<min(start + batch, samples.count)], of: TestHousehold.person.id)
            events += pipeline.takeCommit().events
        }
        pipeline.advance(to: pipeline.now + .seconds(10))
        return events + pipeline.takeCommit().events
    }

    @Test("however the input is cut into batches", arguments: [1, 7, 10_000])
    func batchesDoNotMatter(batch: Int) throws {
        let samples = TestHousehold.samples()
        let whole = try events(samples, batch: samples.count)
        #expect(whole.contains { $0.rule == "resting-tachycardia" && $0.phase == .resolved })
        #expect(whole.contains { $0.rule == "ease-after-overreach" })
        #expect(try events(samples, batch: batch) == whole)
    }

    @Test("with a slice of real wristband data", arguments: [1, 7, 10_000])
    func batchesDoNotMatterForRealData(batch: Int) throws {
        guard let samples = try RealData.slice else { return RealData.saySkipped() }
        let whole = try events(samples, batch: samples.count)
        #expect(!whole.isEmpty)
        #expect(try events(samples, batch: batch) == whole)
    }

    @Test("and the same store, however often the path is stopped and resumed")
    func resumedEqualsUninterrupted() throws {
        let samples = TestHousehold.samples(seed: 2)
        let folder = TemporaryFolder()
        let whole = try run(samples, cuts: [], path: folder.path("whole.db"))
        var random = SplitMix(state: 7)
        for round in 0..<6 {
            let cuts = (0..<12).map { _ in Int(random.next() % UInt64(samples.count)) }.sorted()
            let cut = try run(samples, cuts: cuts, path: folder.path("cut\(round).db"))
            let difference = try contentsDifference(whole, cut)
            #expect(difference == nil, "cut at \(cuts): \(difference ?? "")")
        }
    }

    /// Runs the samples into a store; at each cut the store is closed and everything is restored from it.
    private func run(_ samples: [Sample], cuts: [Int], path: String) throws -> SQLiteStore {
        let configured = try TestHousehold.configured()
        var position = 0
        for cut in cuts + [samples.count] {
            let store = try SQLiteStore.open(
                path: path, mode: .write(hub: HubID(derivedFrom: "test"), createIfMissing: true))
            let pipeline = try Pipeline(resuming: store, configured: configured)
            while position < cut {
                let end = min(position + 400, cut)
                pipeline.take(samples[position..<end], of: TestHousehold.person.id)
                position = end
                if end == samples.count { pipeline.advance(to: pipeline.now + .seconds(10)) }
                try store.commit(pipeline.takeCommit())
            }
            store.close()
        }
        return try SQLiteStore.open(path: path, mode: .read)
    }
}

/// Real recordings beside the project; tests that need them say so when they are absent.
enum RealData {
    static func saySkipped() { print("SKIPPED: no folder `shared` with recordings beside the project") }

    static let folder: URL? = {
        var folder = TestHousehold.packageRoot
        for _ in 0..<6 {
            folder = folder.deletingLastPathComponent()
            let candidate = folder.appending(path: "shared")
            if FileManager.default.fileExists(atPath: candidate.appending(path: "DESIGN.md").path) { return candidate }
        }
        return nil
    }()

    /// Ten days of one person's heart rate and steps.
    static var slice: [Sample]? {
        get throws {
            guard let folder else { return nil }
            var samples: [Sample] = []
            for name in ["A4G0044_hr.csv.gz", "A4G0044_steps.csv.gz"] {
                let path = folder.appending(path: "data/mishra2020_fitbit/\(name)").path
                var options = ImportOptions(source: TestHousehold.device.id)
                options.zone = try Zone(named: "Europe/Berlin")
                samples += try SampleFile.read(path: path, options: options).samples
            }
            samples.sort { ($0.time, $0.metric.rawValue) < ($1.time, $1.metric.rawValue) }
            guard let first = samples.first else { return nil }
            return samples.filter { $0.time < first.time + .days(10) }
        }
    }
}
