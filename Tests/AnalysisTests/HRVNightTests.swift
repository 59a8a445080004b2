import Testing
import Vitals

@testable import Analysis

@Suite("The night's variability is the median of its five-minute stretches")
struct HRVNightTests {
    /// Beats from 23:30 to 03:30, with early ones in some hours; `received` lags behind where they come late.
    private func night(_ start: Timestamp, hours: Double = 4, ectopicFrom hour: Double = 9, late: TimeSpan? = nil)
        -> [Sample]
    {
        var beats = breathing(Int(hours * 3600 / 0.8))
        let from = Int(hour * 3600 / 0.8)
        if from < beats.count { beats[from...] = ectopic(Array(beats[from...]), every: 6)[...] }
        var time = Double(start.milliseconds)
        return beats.map {
            time += $0
            let at = Timestamp(milliseconds: Int64(time))
            return Sample(
                metric: .rrInterval, value: Float($0), time: at, received: late.map { start + .hours(10) + $0 } ?? at,
                source: strap)
        }
    }

    private func run(_ samples: [Sample], until end: Timestamp, interrupting: Bool = false) throws -> [Sample] {
        let start = samples.first?.time ?? monday
        var driver = try Driver(AnalysisSettings(), from: start)
        for (n, sample) in samples.enumerated() {
            driver.take(.sample(sample))
            if interrupting, n % 7001 == 7000 { try driver.interrupt() }
        }
        driver.run(until: end)
        return driver.stored.filter { $0.metric == .hrvNight }
    }

    /// Half past eleven before the Tuesday.
    private let evening = monday + 23 * 3600 + 1800

    @Test("of a night of steady breathing it is each stretch's RMSSD, stamped 07:00, interrupted or not")
    func steady() throws {
        let samples = night(evening)
        let found = try run(samples, until: evening + 9 * 3600)
        let value = try #require(found.first)
        #expect(found.count == 1)
        #expect(value.time == monday + 31 * 3600 && value.received == monday + (31 * 60 + 2) * 60 + 2)
        let stretches = (0..<84 as Range<Int64>).compactMap { k -> Double? in
            let from = monday + 24 * 3600 + k * 300
            let inside = samples.filter { $0.time >= from && $0.time < from + 300 }.map { Double($0.value) }
            let window = BeatWindow(inside)
            return window.length >= 210_000 ? window.value(.rmssd) : nil
        }.sorted()
        #expect((41...42).contains(stretches.count))
        let middle = (stretches[(stretches.count - 1) / 2] + stretches[stretches.count / 2]) / 2
        #expect(abs(Double(value.value) - middle) < 1e-4)
        #expect(try run(samples, until: evening + 9 * 3600, interrupting: true) == found)
    }

    @Test("hours of early beats cost stretches; too few stretches, or another hour of the day, are no night")
    func enough() throws {
        let whole = try #require(try run(night(evening), until: evening + 9 * 3600).first)
        let half = try #require(try run(night(evening, ectopicFrom: 2.5), until: evening + 9 * 3600).first)
        #expect(abs(whole.value - half.value) < 0.05 * whole.value)
        #expect(try run(night(evening, ectopicFrom: 1), until: evening + 9 * 3600).isEmpty)
        #expect(try run(night(evening, hours: 1.4), until: evening + 9 * 3600).isEmpty)
        #expect(try run(night(evening + 9 * 3600, hours: 3), until: evening + 36 * 3600).isEmpty)
    }

    @Test("a night that comes at breakfast is the night it would have been, and completes one of which half was there")
    func late() throws {
        let timely = night(evening)
        let value = try #require(try run(timely, until: evening + 9 * 3600).first).value
        let late = try run(night(evening, late: .zero), until: evening + 11 * 3600)
        #expect(late.map(\.value) == [value])
        // The strap lost its link at half past one, and told the rest later.
        let cut = evening + 2 * 3600
        let mixed =
            timely.filter { $0.time < cut }
            + timely.filter { $0.time >= cut }.map {
                var sample = $0
                sample.received = evening + .hours(10)
                return sample
            }
        let both = try run(mixed, until: evening + 11 * 3600)
        #expect(both.count == 2 && both.last?.value == value && both.last?.revision == 1)
    }

    @Test("stretches kept and read back are the same; damaged ones are refused or go on")
    func checkpoint() throws {
        var kept = FiveMinuteVariability()
        for (n, sample) in night(evening, hours: 1).enumerated() {
            kept.take(sample.value, at: sample.time.milliseconds, isLate: n % 900 < 100)
        }
        var writer = ByteWriter()
        kept.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        let again = try FiveMinuteVariability(from: &reader)
        #expect(again == kept && reader.isAtEnd)
        for length in stride(from: 0, to: writer.bytes.count, by: 11) {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: WireError.self) { try FiveMinuteVariability(from: &reader) }
        }
        var random = Random(3)
        for _ in 0..<300 {
            var bytes = writer.bytes
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var reader = ByteReader(bytes)
            guard var read = try? FiveMinuteVariability(from: &reader) else { continue }
            for sample in night(evening + 7200, hours: 0.3) {
                read.take(sample.value, at: sample.time.milliseconds, isLate: false)
            }
            _ = read.values(from: evening.milliseconds, to: evening.milliseconds + 86_400_000)
        }
    }
}
