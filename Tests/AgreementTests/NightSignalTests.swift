import Analysis
import Testing
import Vitals

@Suite("NightSignal agrees with its published arithmetic", .enabled(if: SharedData.isHere))
struct NightSignalTests {
    static let people = ["A0NVTRV", "A36HR6Y", "A3OU183", "A4G0044", "AJ7TSV9", "APGIB2T", "AS2MVDL"]

    /// Averages of the nights of a wearer of the cohort: heart rate before 07:00 in minutes whose steps are exactly 0.
    static func nights(_ person: String) throws -> [NightSignal.Night] {
        var still: Set<Substring> = []
        for row in try SharedData.rows("mishra2020_fitbit/\(person)_steps.csv.gz").dropFirst()
        where row[1] == "0" || row[1] == "0.0" {
            still.insert(row[0].prefix(16))
        }
        var byDay: [Substring: [Double]] = [:]
        for row in try SharedData.rows("mishra2020_fitbit/\(person)_hr.csv.gz").dropFirst() {
            guard let hour = Int(row[0].dropFirst(11).prefix(2)), hour < 7, still.contains(row[0].prefix(16)),
                let rate = Double(row[1])
            else { continue }
            byDay[row[0].prefix(10), default: []].append(rate)
        }
        return byDay.compactMap { day, rates in
            guard let number = Self.day(day), let average = NightSignal.average(of: rates) else { return nil }
            return NightSignal.Night(day: number, average: average)
        }.sorted { $0.day < $1.day }
    }

    static func day(_ text: Substring) -> Int32? {
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        return LocalDay(year: parts[0], month: parts[1], day: parts[2])?.number
    }

    @Test(
        "every night of seven wristband wearers: average, median, filled nights and signal, exactly", arguments: people)
    func wristbands(person: String) throws {
        let ours = NightSignal.published(try Self.nights(person), imputation: .whole)
        let theirs = try SharedData.rows("mishra2020_fitbit/expected/\(person)_nightsignal.csv").dropFirst()
        #expect(ours.count == theirs.count)
        for (night, row) in zip(ours, theirs) {
            let expected = try [
                #require(Self.day(row[0])).description, String(row[1]), String(row[2]), String(row[3]), String(row[5]),
            ]
            let got = [
                "\(night.day)", "\(Int(night.average))", "\(Int(night.median))", night.isImputed ? "1" : "0",
                "\(night.signal)",
            ]
            #expect(got == expected, "\(row[0])")
        }
    }

    @Test("108 published nights of a watch wearer, exactly")
    func watch() throws {
        let rows = try SharedData.rows("nightsignal_p355472/rhr_samples.csv.gz").dropFirst()
        var byDay: [Substring: [Double]] = [:]
        for row in rows {
            guard let hour = Int(row[1].prefix(2)), hour < 7, let rate = Double(row[2]) else { continue }
            byDay[row[0], default: []].append(rate)
        }
        let nights = byDay.compactMap { day, rates -> NightSignal.Night? in
            guard let number = Self.day(day), let average = NightSignal.average(of: rates) else { return nil }
            return NightSignal.Night(day: number, average: average)
        }
        let ours = NightSignal.published(nights.sorted { $0.day < $1.day }, imputation: .decimal)
        let theirs = try SharedData.rows("nightsignal_p355472/expected/nightsignal.csv").dropFirst()
        #expect(ours.count == 108 && theirs.count == 108)
        for (night, row) in zip(ours, theirs) {
            #expect(Self.day(row[0]) == night.day && Double(row[1]) == night.average, "\(row[0]) \(night)")
            #expect(Double(row[2]) == night.median && Int(row[4]) == night.signal, "\(row) \(night)")
        }
    }
}
