import Testing
import Vitals

@testable import Analysis

@Suite("What waits for its tick, committed before") struct ForesightTests {
    private struct Key: Hashable {
        var metric: Metric
        var source: DeviceID
        var time: Timestamp
    }

    /// Commits every second, as the daemon does: what was committed ahead of its tick, and all that ticks returned.
    private func live(_ happenings: [Happening], _ settings: AnalysisSettings) throws -> (
        early: [Sample], final: [Sample]
    ) {
        let start = try #require(happenings.first).at
        var driver = try Driver(settings, from: start)
        var early: [Sample] = []
        var committed = start.floored(to: .seconds(1))
        for one in happenings {
            while committed + 1 <= one.at {
                driver.run(until: committed + 1)
                early += driver.analysis.waiting(since: committed)
                committed = committed + 1
            }
            driver.take(one)
        }
        driver.run(until: committed + 60)
        return (early, driver.stored)
    }

    private static let settings: [AnalysisSettings] = [
        AnalysisSettings(), AnalysisSettings(priorities: [strap: 5]), AnalysisSettings(priorities: [watch: 5]),
        AnalysisSettings(cadence: [strap: .seconds(1), watch: .minutes(1)]),
    ]

    @Test("is word for word what the tick says later", arguments: settings.indices, [UInt64(1), 2, 3])
    func neverWrong(_ setting: Int, _ seed: UInt64) throws {
        let stream = randomStream(seed: seed, from: monday, seconds: 4 * 3600)
        let (early, final) = try live(stream, Self.settings[setting])
        let decided = Dictionary(
            final.map { (Key(metric: $0.metric, source: $0.source, time: $0.time), $0) },
            uniquingKeysWith: { a, _ in a })
        var seen: Set<Key> = []
        for sample in early {
            let key = Key(metric: sample.metric, source: sample.source, time: sample.time)
            // The store keeps the first of a time.
            guard seen.insert(key).inserted else { continue }
            #expect(decided[key] == sample)
        }
        #expect(seen.count > decided.count / 2)
    }

    @Test("with two devices at work nothing waits but their first samples")
    func twoDevices() throws {
        let stream: [Happening] = (1...600).flatMap { second -> [Happening] in
            [(strap, 100), (watch, 400)].map { device, offset in
                .reading(
                    Reading(metric: .heartRate, value: 70), device,
                    monday + Int64(second) + .milliseconds(Int64(offset)))
            }
        }
        let (early, final) = try live(stream, AnalysisSettings(priorities: [strap: 1]))
        #expect(final.count == 1200)
        #expect(early.count > 1180)
        #expect(early.filter { $0.quality.contains(.redundant) }.allSatisfy { $0.source == watch })
    }

    @Test("who speaks next waits for the tick") func change() throws {
        let stream: [Happening] = (1...120).map { second in
            .reading(
                Reading(metric: .heartRate, value: 70), second < 60 ? strap : watch,
                monday + Int64(second) + .milliseconds(100))
        }
        let (early, final) = try live(stream, AnalysisSettings())
        let ahead = Set(early.map(\.time))
        let waited = final.filter { !ahead.contains($0.time) }
        #expect(!waited.isEmpty && waited.allSatisfy { $0.source == watch })
        #expect(waited.count < 20)
    }
}
