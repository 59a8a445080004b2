import Kernels
import Testing
import Vitals

@testable import Analysis

/// Intervals without any pattern: 450 … 1150 ms, each for itself.
private func irregular(_ count: Int, seed: UInt64 = 9) -> [Double] {
    var random = Random(seed)
    return (0..<count).map { _ in Double.random(in: 450...1150, using: &random).rounded() }
}

@Suite("A rhythm is irregular where words and COSEn agree several times in a row; single early beats do not make it so")
struct RhythmTrackTests {
    private func beats(_ intervals: [Double], from start: Int64 = monday.milliseconds) -> [(
        time: Int64, interval: Double
    )] {
        var time = Double(start)
        return intervals.map {
            time += $0
            return (Int64(time), $0)
        }
    }

    private func decisions(_ beats: some Sequence<(time: Int64, interval: Double)>) -> [RhythmTrack.Decision] {
        var track = RhythmTrack()
        return beats.compactMap { track.take(time: $0.time, interval: $0.interval) }
    }

    @Test("a breathing heart is regular, one without pattern irregular, and the change is placed where it was")
    func change() throws {
        let calm = breathing(1000)
        #expect(decisions(beats(calm)).allSatisfy { !$0.isIrregular })
        #expect(decisions(beats(irregular(1000))).allSatisfy { $0.isIrregular })
        let both = beats(calm + irregular(600) + breathing(800, seed: 4))
        let found = decisions(both)
        let begin = try #require(found.firstIndex { $0.isIrregular })
        let end = try #require(found[begin...].firstIndex { !$0.isIrregular })
        #expect(found[end...].allSatisfy { !$0.isIrregular })
        func place(_ decision: RhythmTrack.Decision) -> Int { both.firstIndex { $0.time >= decision.time } ?? -1 }
        #expect(abs(place(found[begin]) - 1000) <= 48, "\(place(found[begin]))")
        #expect(abs(place(found[end]) - 1600) <= 48, "\(place(found[end]))")
    }

    @Test("early beats with a pause behind them make words varied, and a rhythm not irregular", arguments: [3, 4, 6])
    func ectopy(every: Int) {
        var random = Random(12)
        var intervals = breathing(1500)
        var i = 3
        while i + 1 < intervals.count {
            let early = Double.random(in: 120...380, using: &random).rounded()
            intervals[i] -= early
            intervals[i + 1] += early
            i += Int.random(in: 2..<2 * every - 1, using: &random)
        }
        var words = WordEntropy()
        var varied = 0
        for interval in intervals {
            words.add(interval)
            if words.value >= WordEntropy.threshold { varied += 1 }
        }
        #expect(varied > 300 || every > 3, "\(varied)")
        #expect(decisions(beats(intervals)).allSatisfy { !$0.isIrregular })
    }

    @Test("too few beats, too many gaps and a long pause are not enough data")
    func enough() {
        // 129 beats, the five behind each, twelve looks more and the grid of looks.
        #expect(decisions(beats(irregular(220))).isEmpty)
        #expect(!decisions(beats(irregular(250))).isEmpty)
        let all = beats(irregular(2000))
        #expect(decisions(all.enumerated().filter { $0.offset % 8 != 0 }.map(\.element)).isEmpty)
        #expect(decisions(all.enumerated().filter { $0.offset % 40 != 0 }.map(\.element)).count > 150)
        // A pause of a minute: what lay before it counts no more.
        let late = all[220..<400].map { (time: $0.time + 60_000, interval: $0.interval) }
        #expect(decisions(all[..<220] + late).isEmpty)
        #expect(!decisions(all[..<400]).isEmpty)
    }

    @Test("the same beats some days later, and twice as fast clocks, give defined decisions")
    func shift() {
        let intervals = breathing(400) + irregular(400)
        let one = decisions(beats(intervals))
        let two = decisions(beats(intervals, from: monday.milliseconds + 400 * 86_400_000))
        #expect(one.map { $0.time + 400 * 86_400_000 } == two.map(\.time))
        #expect(one.map(\.isIrregular) == two.map(\.isIrregular))
        // Times that stand still or run backward, and intervals without end, are gaps or a new beginning.
        var track = RhythmTrack()
        for i in 0..<3000 {
            let strange = [0, -1, 1e-300, .infinity, 3000, 240][i % 6]
            #expect(track.take(time: i % 7 == 0 ? 0 : Int64(i) * 100, interval: strange) == nil)
        }
    }

    @Test("a track kept and read back goes on as if nothing had been, wherever it was cut; a damaged one is refused")
    func checkpoint() throws {
        let all = beats(breathing(300) + irregular(300)).enumerated().filter { $0.offset % 50 != 0 }.map(\.element)
        var whole = RhythmTrack()
        var cut = RhythmTrack()
        for (n, beat) in all.enumerated() {
            #expect(
                whole.take(time: beat.time, interval: beat.interval)
                    == cut.take(time: beat.time, interval: beat.interval))
            guard n % 7 == 0 else { continue }
            var writer = ByteWriter()
            cut.write(to: &writer)
            var reader = ByteReader(writer.bytes)
            cut = try RhythmTrack(from: &reader)
            #expect(reader.isAtEnd && cut == whole)
        }
        var writer = ByteWriter()
        whole.write(to: &writer)
        for length in stride(from: 0, to: writer.bytes.count, by: 3) {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: WireError.self) { try RhythmTrack(from: &reader) }
        }
        // Whatever bytes say, a track that was read can go on.
        var random = Random(77)
        for _ in 0..<400 {
            var bytes = writer.bytes
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var reader = ByteReader(bytes)
            guard var track = try? RhythmTrack(from: &reader) else { continue }
            for beat in all.prefix(20) { _ = track.take(time: beat.time, interval: beat.interval) }
        }
    }

    // MARK: Live

    static let features: [Feature] = [
        .window(.mean, .irregularRhythm, .minutes(10), parameter: 0),
        .window(.coverage, .irregularRhythm, .minutes(10), parameter: 0), .latest(.irregularRhythm),
    ]

    @Test("rules see the share of irregular beats and how well it is known, interrupted or not")
    func live() throws {
        let start = monday + 3600
        var whole = try Driver(AnalysisSettings(features: Self.features), from: start)
        var cut = whole
        var random = Random(2)
        var values: [Double] = []
        for beat in beats(breathing(1200) + irregular(1600), from: start.milliseconds) {
            let at = Timestamp(milliseconds: beat.time)
            let sample = Sample(
                metric: .rrInterval, value: Float(beat.interval), time: at, received: at, source: strap)
            whole.take(.sample(sample))
            cut.take(.sample(sample))
            if Int.random(in: 0..<300, using: &random) == 0 { try cut.interrupt() }
            if whole.analysis.value(1) >= 0.99 { values.append(whole.analysis.value(0)) }
            #expect(whole.analysis.value(0).bitPattern == cut.analysis.value(0).bitPattern)
        }
        #expect(values.first == 0 && values.last == 1)
        #expect(whole.stored == cut.stored)
        let said = whole.stored.filter { $0.metric == .irregularRhythm }
        #expect(said.count > 200)
        // It is known some two minutes later, and says of which moment it speaks.
        #expect(said.allSatisfy { (90_000...200_000).contains($0.span) && !$0.quality.contains(.late) })
        let onset = try #require(said.first { $0.value == 1 })
        #expect(abs((onset.start - start).milliseconds - 960_000) < 40_000)
    }
}
