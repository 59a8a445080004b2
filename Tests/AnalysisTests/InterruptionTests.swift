import Testing
import Vitals

@testable import Analysis

@Suite("An interrupted analysis equals an uninterrupted one")
struct InterruptionTests {
    static let settings = AnalysisSettings(
        features: everyFeature, priorities: [strap: 2, watch: 1], sessionRange: 100...118)

    @Test("restored from states and stored samples it goes on bit for bit", arguments: [1, 2, 3] as [UInt64])
    func interrupted(seed: UInt64) throws {
        let start = monday + 60 * 60 * 20
        let stream = randomStream(seed: seed, from: start, seconds: 40 * 3600)
        var whole = try Driver(Self.settings, from: start)
        var cut = try Driver(Self.settings, from: start)
        var random = Random(seed &* 77)
        var cuts = 0
        for (n, happening) in stream.enumerated() {
            whole.take(happening)
            cut.take(happening)
            if Int.random(in: 0..<8000, using: &random) == 0 || n == 5 {
                try cut.interrupt()
                cuts += 1
            } else if Int.random(in: 0..<50, using: &random) == 0 {
                cut.commit()
            }
            guard whole.values.last == cut.values.last else {
                for slot in everyFeature.indices {
                    let (a, b) = (whole.analysis.value(slot), cut.analysis.value(slot))
                    guard a.bitPattern != b.bitPattern else { continue }
                    Issue.record("tick \(whole.closed.count) after \(cuts) cuts: \(everyFeature[slot]) \(a) \(b)")
                }
                return
            }
        }
        #expect(cuts > 5)
        #expect(whole.stored == cut.stored)
        #expect(whole.closed.map(\.sessionCompleted) == cut.closed.map(\.sessionCompleted))
        #expect(whole.closed.map(\.switchovers) == cut.closed.map(\.switchovers))
        whole.commit()
        cut.commit()
        #expect(whole.states == cut.states)
        // The stream exercises what it claims to.
        #expect(whole.closed.contains { $0.sessionCompleted != nil })
        #expect(whole.closed.contains { !$0.switchovers.isEmpty })
        #expect(whole.stored.contains { $0.quality.contains(.late) })
        #expect(whole.stored.contains { $0.quality.contains(.redundant) })
        #expect(whole.stored.contains { $0.quality.contains(.contactLost) })
        #expect(whole.stored.contains { $0.quality.contains(.implausible) })
        #expect(whole.stored.contains { $0.metric == .restingHeartRate })
    }
}
