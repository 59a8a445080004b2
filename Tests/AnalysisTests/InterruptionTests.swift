import Testing
import Vitals

@testable import Analysis

@Suite("An interrupted analysis equals an uninterrupted one")
struct InterruptionTests {
    static let settings = AnalysisSettings(
        features: everyFeature, priorities: [strap: 2, watch: 1], sessionRange: 100...118,
        body: Body(maxHeartRate: 180, restingHeartRate: 60))

    @Test(
        "restored from states and stored samples it goes on bit for bit",
        arguments: [(1, 27), (2, 13)] as [(UInt64, Int64)])
    func interrupted(seed: UInt64, hours: Int64) throws {
        let start = monday + 60 * 60 * 20
        let stream = randomStream(seed: seed, from: start, seconds: hours * 3600)
        var whole = try Driver(Self.settings, from: start)
        var cut = try Driver(Self.settings, from: start)
        var random = Random(seed &* 77)
        var cuts = 0
        for (n, happening) in stream.enumerated() {
            whole.take(happening)
            cut.take(happening)
            if Int.random(in: 0..<4000, using: &random) == 0 || n == 5 {
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
        #expect(whole.states.keys == cut.states.keys)
        #expect(whole.states.filter { $1 != cut.states[$0] }.keys.sorted() == [])
        // What is not written yet, too.
        let bytes = whole.analysis.detectors.bytes
        #expect(cut.analysis.detectors.bytes.filter { bytes[$0] != $1 } == [:])
        // The stream exercises what it claims to.
        #expect(whole.closed.contains { $0.sessionCompleted != nil })
        #expect(whole.closed.contains { !$0.switchovers.isEmpty })
        #expect(whole.stored.contains { $0.quality.contains(.late) })
        #expect(whole.stored.contains { $0.quality.contains(.redundant) })
        #expect(whole.stored.contains { $0.quality.contains(.contactLost) })
        #expect(whole.stored.contains { $0.quality.contains(.implausible) })
        #expect(whole.stored.contains { $0.metric == .restingHeartRate })
    }

    @Test("ticks left out while nothing is due change nothing", arguments: [4] as [UInt64])
    func sparse(seed: UInt64) throws {
        let start = monday + 60 * 60 * 20
        let stream = randomStream(seed: seed, from: start, seconds: 12 * 3600)
        var whole = try Driver(Self.settings, from: start)
        var sparse = try Driver(Self.settings, from: start)
        sparse.isSparse = true
        whole.take(stream)
        sparse.take(stream)
        #expect(sparse.closed.count < whole.closed.count)
        #expect(whole.stored == sparse.stored)
        #expect(whole.closed.compactMap(\.sessionCompleted) == sparse.closed.compactMap(\.sessionCompleted))
        let all = Dictionary(uniqueKeysWithValues: zip(whole.closed.map(\.tick), whole.values))
        let differing = zip(sparse.closed, sparse.values).filter { all[$0.tick] != $1 }
        #expect(differing.isEmpty, "first at \(differing.first?.0.tick as Timestamp?)")
    }
}

extension Detectors {
    /// The present states of all detectors, by name.
    var bytes: [String: [UInt8]] {
        struct Bytes: DetectorVisitor {
            var all: [String: [UInt8]] = [:]
            mutating func visit<D: Detector>(_ held: inout HeldDetector<D>) {
                var writer = ByteWriter()
                held.detector.write(to: &writer)
                all[D.card.name] = writer.bytes
            }
        }
        var pass = Bytes()
        var copy = self
        copy.visit(&pass)
        return pass.all
    }
}
