import Testing
import Vitals

@testable import Analysis

@Suite("CuSum agrees with its authors' results", .enabled(if: SharedData.isHere))
struct IllnessCusumTests {
    /// Local days of a wearer: medians and steps by minute, in order.
    static func days(_ person: String) throws -> [(day: Int32, heartRate: [Double], steps: [Double])] {
        // Of rows with the same time the first counts, as it did for the authors' results.
        var seen: Set<Substring> = []
        var rates: [Int32: [Int: [Double]]] = [:]
        for row in try SharedData.rows("mishra2020_fitbit/\(person)_hr.csv.gz").dropFirst() {
            guard let (day, minute) = place(row[0]), let rate = Double(row[1]), seen.insert(row[0]).inserted else {
                continue
            }
            rates[day, default: [:]][minute, default: []].append(rate)
        }
        seen = []
        var steps: [Int32: [Double]] = [:]
        for row in try SharedData.rows("mishra2020_fitbit/\(person)_steps.csv.gz").dropFirst() {
            guard let (day, minute) = place(row[0]), let count = Double(row[1]), rates[day] != nil,
                seen.insert(row[0]).inserted
            else { continue }
            steps[day, default: Array(repeating: 0, count: IllnessCusum.minutesPerDay)][minute] = count
        }
        return rates.keys.sorted().map { day in
            var heartRate = [Double](repeating: .nan, count: IllnessCusum.minutesPerDay)
            for (minute, values) in rates[day] ?? [:] {
                let sorted = values.sorted()
                let n = sorted.count
                heartRate[minute] = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
            }
            return (day, heartRate, steps[day] ?? Array(repeating: 0, count: IllnessCusum.minutesPerDay))
        }
    }

    private static func place(_ text: Substring) -> (Int32, Int)? {
        guard let day = NightSignalTests.day(text.prefix(10)), let hour = Int(text.dropFirst(11).prefix(2)),
            let minute = Int(text.dropFirst(14).prefix(2))
        else { return nil }
        return (day, hour * 60 + minute)
    }

    @Test("residuals and sums to 1e-4, alarms to the hour", arguments: NightSignalTests.people)
    func wearers(person: String) throws {
        var detector = IllnessCusum()
        var results: [IllnessCusum.Result] = []
        for day in try Self.days(person) {
            results += detector.take(day: day.day, heartRate: day.heartRate, steps: day.steps)
        }
        let ours = results.filter { !$0.residual.isNaN }
        let theirs = try SharedData.rows("mishra2020_fitbit/expected/\(person)_cusum_hours.csv").dropFirst()
        #expect(ours.count == theirs.count)
        var wrong = 0
        for (one, row) in zip(ours, theirs) {
            let day = try #require(NightSignalTests.day(row[0].dropFirst().prefix(10)))
            let share = Double(row[5]) ?? .nan
            let isSame =
                one.day == day && one.hour == Int(row[0].dropFirst(12).prefix(2))
                && abs(one.residual - (Double(row[1]) ?? .nan)) < 1e-4 && abs(one.sum - (Double(row[2]) ?? .nan)) < 1e-4
                && one.run == Int(row[3]) && abs(one.threshold - (Double(row[4]) ?? .nan)) < 1e-4
                && (one.share.isNaN && share.isNaN || abs(one.share - share) < 1e-4)
            if !isSame {
                wrong += 1
                if wrong < 4 { Issue.record("\(one) instead of \(row)") }
            }
        }
        #expect(wrong == 0)
        let alarms = IllnessCusum.excursions(results).filter(\.isConfirmed).compactMap(\.alarm).map {
            "\($0.day) \($0.hour)"
        }
        let published = try SharedData.rows("mishra2020_fitbit/expected/\(person)_cusum_alarms.csv").dropFirst()
            .compactMap { row -> String? in
                let text = row[2].drop { $0 == "\"" }
                guard let day = NightSignalTests.day(text.prefix(10)) else { return nil }
                return "\(day) \(Int(text.dropFirst(11).prefix(2)) ?? 0)"
            }
        #expect(alarms == published)
    }

    /// Heart rate at its time, steps over the minute that follows theirs, in order of ticks; of samples of one time the
    /// first.
    static func samples(_ person: String) throws -> [Sample] {
        var list: [(tick: Int64, sample: Sample)] = []
        var seen: Set<Int64> = []
        func add(_ file: String, _ metric: Metric, span: Int64) throws {
            seen = []
            for row in try SharedData.rows("mishra2020_fitbit/\(person)_\(file).csv.gz").dropFirst() {
                guard let (day, minute) = place(row[0]), let seconds = Int64(row[0].dropFirst(17).prefix(2)),
                    let value = Float(row[1])
                else { continue }
                let time = Int64(day) * 86_400_000 + Int64(minute) * 60_000 + seconds * 1000 + span
                guard seen.insert(time).inserted else { continue }
                let sample = Sample(
                    metric: metric, value: value, time: Timestamp(milliseconds: time), span: UInt32(span),
                    received: Timestamp(milliseconds: time), source: DeviceID(high: 1, low: 1))
                list.append((Intake.tick(of: sample, isIncrement: span > 0).tick, sample))
            }
        }
        try add("hr", .heartRate, span: 0)
        try add("steps", .steps, span: 60_000)
        return list.sorted { ($0.tick, $0.sample.time.milliseconds) < ($1.tick, $1.sample.time.milliseconds) }
            .map(\.sample)
    }

    @Test(
        "hour by hour: the authors' sums once each, and their alarms when they are confirmed",
        arguments: ["A3OU183", "A4G0044", "AS2MVDL"])
    func streaming(person: String) throws {
        let samples = try Self.samples(person)
        var whole = DetectorDrive<IllnessCusum.Stream>()
        whole.run(samples, until: (samples.last?.time.milliseconds ?? 0) + 2 * 86_400_000)
        let sums = whole.found.filter { $0.metric == .illnessCusum }.sorted { $0.time < $1.time }
        let theirs = try SharedData.rows("mishra2020_fitbit/expected/\(person)_cusum_hours.csv").dropFirst()
        #expect(sums.count == theirs.count)
        var wrong = 0
        for (one, row) in zip(sums, theirs) {
            let day = try #require(NightSignalTests.day(row[0].dropFirst().prefix(10)))
            let hour = Int64(row[0].dropFirst(12).prefix(2)) ?? 0
            if one.time != Int64(day) * 86_400_000 + (hour + 1) * 3_600_000
                || abs(one.value - (Double(row[2]) ?? .nan)) >= 1e-4
            {
                wrong += 1
                if wrong < 4 { Issue.record("\(one) instead of \(row)") }
            }
        }
        #expect(wrong == 0)
        // Published alarms are excursions that came to be confirmed: one turn of the series to 2 each.
        var turns = 0
        var before = 0.0
        for alarm in whole.found.filter({ $0.metric == .illnessAlarm }).sorted(by: { $0.time < $1.time }) {
            if alarm.value == 2, before < 2 { turns += 1 }
            before = alarm.value
        }
        let published = try SharedData.rows("mishra2020_fitbit/expected/\(person)_cusum_alarms.csv").dropFirst()
        #expect(turns == published.count)
        #expect(Set(whole.found.map { "\($0.metric.name) \($0.time)" }).count == whole.found.count)
    }
}
