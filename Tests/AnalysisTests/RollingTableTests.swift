import Kernels
import Testing
import Vitals

@testable import Analysis

@Suite("Windows along whole recordings")
struct RollingTableTests {
    private static let start: Int64 = 1_780_437_600_000

    /// A sample a second or so with gaps; `grain` 1 gives whole beats, smaller ones finer values.
    private static func recording(_ seed: UInt64, grain: Float, seconds: Int64 = 900) -> [Sample] {
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        var samples: [Sample] = []
        var level: Float = 80
        var time = start + Int64(next() % 60_000)
        while time < start + seconds * 1000 {
            level = min(max(level + (Float(next() % 7) - 3) * grain, 50), 170)
            samples.append(
                Sample(
                    metric: .heartRate, value: level, time: Timestamp(milliseconds: time),
                    received: Timestamp(milliseconds: time), source: .derived))
            time += 400 + Int64(next() % 1500)
            if next() % 90 == 0 { time += 70_000 }
        }
        return samples
    }

    private let statistics: [(RollingStatistic, RollingTwin.Statistic, Double)] = [
        (.mean, { RollingTwin.mean($0) }, 1e-4), (.std, { RollingTwin.deviation($0) }, 1e-3),
        (.min, { RollingTwin.least($0) }, 0), (.max, { RollingTwin.greatest($0) }, 0),
        (.sum, { RollingTwin.sum($0) }, 1e-2), (.count, { RollingTwin.count($0) }, 0),
        (.median, { RollingTwin.quantile(0.5)($0) }, 1e-4), (.quantile(0.9), { RollingTwin.quantile(0.9)($0) }, 2e-4),
        (.mad, { RollingTwin.mad($0) }, 1e-4), (.zscore, { RollingTwin.zscore($0) }, 1e-3),
        (.slope, { RollingTwin.slope($0).map { $0 * 60 } }, 1e-2),
    ]

    /// The mean of each second, worked out from the definition.
    private func moments(_ samples: [Sample], of table: RollingTable) -> [Float] {
        (0..<table.rows).map { row in
            let end = table.end(of: row)
            let values = samples.filter { $0.time < end && $0.time >= end - table.step }.map { Double($0.value) }
            return values.isEmpty ? .nan : Float(values.reduce(0, +) / Double(values.count))
        }
    }

    private func distance(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(a.count == b.count ? 0 : .infinity) { worst, pair in
            if pair.0.isNaN && pair.1.isNaN { return worst }
            let gap = abs(Double(pair.0) - Double(pair.1))
            return gap.isNaN ? .infinity : max(worst, gap)
        }
    }

    @Test(
        "every statistic is what its definition says, for one recording and for several", arguments: [Float(1), 0.37])
    func definitions(grain: Float) throws {
        for people in [1, 5] {
            let recordings = (0..<people).map { Self.recording(UInt64($0 + 3), grain: grain) }
            let table = try RollingTable(recordings, step: .seconds(1))
            for seconds in [1, 17, 240] {
                let found = try table.values(statistics.map(\.0), window: .seconds(Int64(seconds)))
                for (number, (statistic, twin, tolerance)) in statistics.enumerated() {
                    for (lane, samples) in recordings.enumerated() {
                        let expected = RollingTwin.along(moments(samples, of: table), window: seconds, twin)
                        let off = distance(found[number][lane], expected)
                        #expect(off <= tolerance, "\(statistic), \(people) people, \(seconds) s: off by \(off)")
                    }
                }
            }
        }
    }

    @Test("a person's windows do not depend on who lies beside, in which order, or in which year")
    func invariant() throws {
        let recordings = (0..<4).map { Self.recording(UInt64($0 + 40), grain: 1) }
        let asked: [RollingStatistic] = [.mean, .min, .median, .mad, .ewma, .cusum, .count]
        let together = try RollingTable(recordings, step: .seconds(1)).values(asked, window: .minutes(2))
        let turned = try RollingTable(recordings.reversed(), step: .seconds(1)).values(asked, window: .minutes(2))
        let year = TimeSpan.days(365)
        let later = recordings.map { list in
            list.map { sample in
                var moved = sample
                moved.time = sample.time + year
                return moved
            }
        }
        let shifted = try RollingTable(later, step: .seconds(1)).values(asked, window: .minutes(2))
        for number in asked.indices {
            for lane in recordings.indices {
                #expect(distance(together[number][lane], turned[number][3 - lane]) == 0)
                #expect(distance(together[number][lane], shifted[number][lane]) == 0)
            }
        }
        let alone = try RollingTable([recordings[2]], step: .seconds(1))
        let beside = try RollingTable(recordings, step: .seconds(1))
        let offset = Int((alone.start - beside.start).milliseconds / 1000)
        for (number, values) in try alone.values(asked, window: .minutes(2)).enumerated() {
            let part = Array(together[number][2][offset..<offset + alone.rows])
            #expect(distance(values[0], part) < 1e-4, "\(asked[number])")
        }
    }

    @Test("values that no body gives, and times that no clock tells, are left out")
    func implausible() throws {
        var samples = Self.recording(8, grain: 1, seconds: 120)
        let clean = try RollingTable([samples], step: .seconds(1)).values([.max, .count], window: .seconds(30))
        var wild = samples[40]
        wild.value = 900
        samples.insert(wild, at: 41)
        wild.time = .distantPast
        samples.insert(wild, at: 0)
        #expect(try RollingTable([samples], step: .seconds(1)).values([.max, .count], window: .seconds(30)) == clean)
    }

    @Test("nothing, too much, too many and too long are told, not guessed")
    func faults() throws {
        #expect(throws: RollingTable.Fault.empty) { try RollingTable([[]], step: .seconds(1)) }
        #expect(throws: RollingTable.Fault.empty) { try RollingTable([], step: .seconds(1)) }
        let one = Self.recording(1, grain: 1, seconds: 60)
        var far = one[0]
        far.time = far.time + .days(36_500)
        #expect(throws: RollingTable.Fault.self) { try RollingTable([[one[0], far]], step: .seconds(1)) }
        #expect(throws: RollingTable.Fault.tooMany) {
            try RollingTable(Array(repeating: one, count: 65), step: .seconds(1))
        }
        let table = try RollingTable([one], step: .milliseconds(1))
        #expect(throws: RollingTable.Fault.windowTooLong(moments: 70_000)) {
            try table.values([.median], window: .seconds(70))
        }
        #expect(RollingTable.step(of: [one]) == .seconds(1))
        #expect(RollingStatistic(name: "q0") == nil && RollingStatistic(name: "q99") == .quantile(0.99))
    }
}
