import Testing
import Vitals

@testable import Analysis

@Suite("CuSum hour by hour")
struct IllnessCusumStreamTests {
    /// Nights of a still person: heart rate every five minutes from 00:00 to 05:00, and word of no steps with it. From
    /// `raised` on ten beats more.
    static func nights(_ days: Range<Int64>, raised: Int64 = .max, seed: UInt64 = 5, from start: Timestamp = monday)
        -> [Happening]
    {
        var list: [Happening] = []
        for day in days {
            var random = Random(seed &+ UInt64(day))
            for n in Int64(0)..<60 {
                let time = start + (day * 86_400 + n * 300)
                let noise = Float(Int.random(in: -12...12, using: &random)) / 4
                let value: Float = 60 + noise + (day >= raised ? 10 : 0)
                list.append(
                    .sample(Sample(metric: .heartRate, value: value, time: time, received: time, source: watch)))
                list.append(
                    .sample(
                        Sample(
                            metric: .steps, value: day % 5 == 4 && n == 30 ? 20 : 0, time: time + 60, span: 60_000,
                            received: time + 60, source: watch)))
            }
        }
        return list
    }

    static func run(
        _ happenings: [Happening], days: Int64, from start: Timestamp = monday, zone: Zone = .utc, cuts: Bool = false
    ) throws -> Driver {
        var driver = try Driver(AnalysisSettings(zone: zone), from: start)
        driver.isSparse = true
        var random = Random(77)
        for one in happenings {
            driver.take(one)
            if cuts, Int.random(in: 0..<120, using: &random) == 0 { try driver.interrupt() }
        }
        driver.run(until: start + days * 86_400)
        return driver
    }

    static func series(_ driver: Driver, _ metric: Metric) -> [(time: Int64, value: Float, isLate: Bool)] {
        driver.stored.filter { $0.metric == metric }.map {
            ($0.time.milliseconds, $0.value, $0.quality.contains(.late))
        }.sorted { $0.time < $1.time }
    }

    /// The same over whole days.
    static func batch(_ days: Range<Int64>, raised: Int64 = .max) -> [IllnessCusum.Result] {
        var detector = IllnessCusum()
        var results: [IllnessCusum.Result] = []
        for day in days {
            var heartRate = [Double](repeating: .nan, count: 1440)
            var steps = [Double](repeating: 0, count: 1440)
            for happening in nights(day..<day + 1, raised: raised) {
                guard case .sample(let sample) = happening else { continue }
                let place = Int((sample.start.milliseconds - monday.milliseconds) / 60_000 % 1440)
                let value = Double(sample.value)
                if sample.metric == .steps { steps[place] = value } else { heartRate[place] = value }
            }
            results += detector.take(day: Int32(day), heartRate: heartRate, steps: steps)
        }
        return results
    }

    @Test("the hours it tells are those of whole days at once; the first baseline late, the others when they are over")
    func equalsBatch() throws {
        let driver = try Self.run(Self.nights(0..<36, raised: 31), days: 37)
        let ours = Self.series(driver, .illnessCusum)
        let theirs = Self.batch(0..<36, raised: 31).filter { !$0.sum.isNaN }
        #expect(ours.count == theirs.count && ours.count > 150)
        for (one, other) in zip(ours, theirs) {
            #expect(one.time == monday.milliseconds + (Int64(other.day) * 24 + Int64(other.hour) + 1) * 3_600_000)
            #expect(one.value == Float(other.sum))
            // Of a judged day the first hour is told with the second.
            #expect(one.isLate == (other.day < 28 || other.hour == 0), "\(other.day) \(other.hour)")
        }
        let alarms = Self.series(driver, .illnessAlarm)
        #expect(alarms.map(\.time) == ours.map(\.time))
        // Raised on day 31: remarkable within that night, confirmed after more than 48 hours with data.
        let first = try #require(alarms.first { $0.value == 1 && $0.time > monday.milliseconds + 28 * 86_400_000 })
        #expect((first.time - monday.milliseconds) / 86_400_000 == 31)
    }

    @Test("an excursion is confirmed after 49 hours with data of which 25 rose, and ends with the sum")
    func confirmed() throws {
        let driver = try Self.run(Self.nights(0..<60, raised: 40).filter { $0.at < monday + 52 * 86_400 }, days: 61)
        let alarms = Self.series(driver, .illnessAlarm).filter { $0.time > monday.milliseconds + 40 * 86_400_000 }
        let firstTwo = try #require(alarms.firstIndex { $0.value == 2 })
        let begin = try #require(alarms[..<firstTwo].lastIndex { $0.value == 0 })
        // Hours of the excursion up to there: one a night hour; the published rule asks for more than 48.
        #expect(firstTwo - begin >= 48)
        let expected = IllnessCusum.excursions(Self.batch(0..<52, raised: 40)).filter(\.isConfirmed)
        #expect(expected.count == 1 && expected.first?.alarm?.day == 40)
    }

    @Test("interrupted at any hour it goes on bit for bit", arguments: [0, 27, 29] as [Int64])
    func interrupted(from day: Int64) throws {
        let happenings = Self.nights(0..<33, raised: 30)
        let whole = try Self.run(happenings, days: 34)
        let cut = try Self.run(happenings, days: 34, cuts: true)
        #expect(whole.stored == cut.stored)
        #expect(whole.stored.contains { $0.metric == .illnessAlarm && $0.value > 0 })
    }

    @Test("a zone and a date change nothing but the times")
    func shifted() throws {
        let plain = Self.series(try Self.run(Self.nights(0..<31), days: 32), .illnessCusum)
        let zone = try Zone(named: "Asia/Kathmandu")
        let start = Timestamp(milliseconds: monday.milliseconds + 400 * 86_400_000 - 20_700_000)
        let moved = Self.series(
            try Self.run(Self.nights(0..<31, from: start), days: 32, from: start, zone: zone), .illnessCusum)
        #expect(plain.count > 100)
        #expect(plain.map(\.value) == moved.map(\.value))
        #expect(plain.map { $0.time - monday.milliseconds } == moved.map { $0.time - start.milliseconds })
    }

    @Test("without any word of steps there is no value, however long")
    func withoutSteps() throws {
        let happenings = Self.nights(0..<31).filter {
            if case .sample(let sample) = $0 { sample.metric == .heartRate } else { true }
        }
        let driver = try Self.run(happenings, days: 32)
        #expect(driver.stored.count > 1000 && !driver.stored.contains { $0.metric == .illnessCusum })
    }

    @Test("what comes late within 24 hours counts in its baseline, and what comes later than that does not")
    func late() throws {
        func delivered(after delay: Int64) throws -> [Float] {
            let happenings = Self.nights(0..<31).map { one -> Happening in
                guard case .sample(var sample) = one, sample.time < monday + 20 * 86_400 else { return one }
                sample.received = Timestamp(
                    milliseconds: sample.time.milliseconds / 86_400_000 * 86_400_000 + delay * 3_600_000)
                return .sample(sample)
            }.sorted { $0.at < $1.at }
            return Self.series(try Self.run(happenings, days: 32), .illnessCusum).map(\.value)
        }
        let inTime = Self.series(try Self.run(Self.nights(0..<31), days: 32), .illnessCusum).map(\.value)
        #expect(try delivered(after: 8) == inTime)
        #expect(try delivered(after: 30).isEmpty)
    }

    /// What a store holds of a series in the end: the highest revision of each time.
    static func kept(_ driver: Driver, _ metric: Metric) -> [Int64: Float] {
        var kept: [Int64: Sample] = [:]
        for sample in driver.stored where sample.metric == metric {
            let time = sample.time.milliseconds
            if let known = kept[time], known.revision >= sample.revision { continue }
            kept[time] = sample
        }
        return kept.mapValues(\.value)
    }

    @Test(
        "an evening that comes at breakfast is told, hours told with less are corrected, and all ends as if in time",
        arguments: [false, true])
    func breakfast(cuts: Bool) throws {
        let start = monday + 18 * 3600
        let inTime = Self.nights(0..<36, raised: 31, from: start)
        // Of some evenings all of it comes at 07:30 the next day, of others the second of every two samples.
        let late = inTime.map { one -> Happening in
            guard case .sample(var sample) = one else { return one }
            let day = (sample.time - start).milliseconds / 86_400_000
            let n = (sample.time - start).milliseconds / 300_000
            guard [20, 28, 31, 34].contains(day) || [25, 29, 32].contains(day) && n % 2 == 1 else { return one }
            sample.received = start + (day * 86_400 + 48_600)
            return .sample(sample)
        }.sorted { $0.at < $1.at }
        let timely = try Self.run(inTime, days: 40, from: start)
        let other = try Self.run(late, days: 40, from: start, cuts: cuts)
        for metric in [Metric.illnessCusum, .illnessAlarm] {
            let (a, b) = (Self.kept(timely, metric), Self.kept(other, metric))
            #expect(a.count > 150)
            #expect(a.filter { b[$0.key] != $0.value }.keys.sorted().prefix(3) == [])
            #expect(a.count == b.count)
        }
        #expect(other.stored.contains { $0.metric == .illnessCusum && $0.revision == 1 })
        #expect(!timely.stored.contains { $0.metric == .illnessCusum && $0.revision > 0 })
        if cuts { #expect(other.stored == (try Self.run(late, days: 40, from: start)).stored) }
    }

    @Test("a damaged state is refused, cut anywhere, and never traps")
    func damaged() throws {
        var detector = IllnessCusum.Stream()
        for happening in Self.nights(0..<1) {
            guard case .sample(let sample) = happening else { continue }
            let day = DaySpan(number: 0, start: 0, end: 1)
            detector.take(sample, Arrival(tick: 0, isLate: false, hold: 0, day: day))
        }
        var writer = ByteWriter()
        detector.write(to: &writer)
        for length in writer.bytes.indices {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: WireError.self) { _ = try IllnessCusum.Stream(from: &reader) }
        }
        var random = Random(3)
        for _ in 0..<300 {
            var bytes = writer.bytes
            bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            var reader = ByteReader(bytes)
            _ = try? IllnessCusum.Stream(from: &reader)
        }
    }
}
