import Hub
import Storage
import Vitals

extension StoreBench {
    /// DESIGN §10, in milliseconds.
    private static let budget = (day: 0.5, month: 1.0, lastHour: 5.0)
    private var plotDays: Int { setting.isQuick ? 2 : 30 }

    /// A day of one series, raw, at rest.
    func day(_ folder: BenchFolder) throws -> [Figure] {
        let path = folder.newPath()
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true))
        defer { store.close() }
        for commit in BenchSamples.commits(people: 1, metrics: [.heartRate], seconds: 3600, count: 24) {
            try store.commit(commit)
        }
        try store.sealAll()
        let person = PersonID(derivedFrom: "person-0")
        let laps = try setting.run([
            .init(name: "store.day") {
                try Lap.timing {
                    var sum: UInt64 = 0
                    for _ in 0..<20 {
                        try store.samples(of: person, metrics: [.heartRate], in: .all) {
                            sum &+= UInt64($0.value.bitPattern)
                        }
                    }
                    return sum > 0 ? 20 : 0
                }
            }
        ])
        return [Figure("store.day", laps[0].map { $0.cost * 1000 }, "ms/86400 samples", budget: Self.budget.day)]
    }

    /// Thirty days of one series, by five minutes: what a plot of a month asks for. The same day again and again.
    func month(_ folder: BenchFolder) throws -> [Figure] {
        let store = try SQLiteStore.open(
            path: folder.newPath(), mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true))
        defer { store.close() }
        let (person, source) = (PersonID(derivedFrom: "person-0"), DeviceID(derivedFrom: "sensor-0"))
        let life = BenchDay.seconds(86_400)
        for day in 0..<plotDays {
            setting.progress("store.month: day \(day + 1) of \(plotDays)")
            let samples = life.indices.map { second in
                var sample = BenchSamples.sample(.heartRate, life, second, source)
                sample.time = sample.time + .days(Int64(day))
                sample.received = sample.time
                return sample
            }
            for hour in 0..<24 {
                var commit = Commit(at: samples[hour * 3600 + 3599].time)
                commit.samples = [
                    PersonSamples(person: person, samples: Array(samples[hour * 3600..<(hour + 1) * 3600]))
                ]
                try store.commit(commit)
            }
        }
        try store.sealAll()
        let range = TimeRange(BenchHousehold.start, BenchHousehold.start + .days(Int64(plotDays)))
        let figures = try store.figures()
        return try [
            query(
                "store.month", store, of: person, by: .minutes(5), in: range, repeats: 50, budget: Self.budget.month),
            query("store.month_by_day", store, of: person, by: .days(1), in: range, repeats: 50),
            query("store.month_by_minute", store, of: person, by: .minutes(1), in: range, repeats: 1),
        ] + [Figure("store.rollups", [Double(figures.rollupBytes) / Double(figures.samples)], "bytes/sample")]
    }

    /// The highest heart rate of everyone in an hour up to the last full one, and in hours that end elsewhere: what is
    /// cut at both ends is found among sums of five minutes, or where a moment cuts those, too, among samples.
    func lastHour(_ store: SQLiteStore, until end: Timestamp) throws -> [Figure] {
        let moments: [(name: String, end: Timestamp)] = [
            ("store.last_hour", end), ("store.last_hour_at_five_minutes", end - .minutes(25)),
            ("store.last_hour_anywhere", end - .seconds(1650)),
        ]
        return try moments.map { name, end in
            try query(
                name, store, of: nil, by: .hours(1), in: TimeRange(end - .hours(1), end), repeats: 10,
                budget: Self.budget.lastHour)
        }
    }

    private func query(
        _ name: String, _ store: SQLiteStore, of person: PersonID?, by step: TimeSpan, in range: TimeRange,
        repeats: Int, budget: Double? = nil
    ) throws -> Figure {
        guard let buckets = TimeBuckets(range, by: step, in: .utc) else {
            throw CommandError.failed("\(name) has no buckets")
        }
        let laps = try setting.run([
            .init(name: name) {
                try Lap.timing {
                    var most: Float = 0
                    for _ in 0..<repeats {
                        for series in try store.aggregates(of: person, metrics: [.heartRate], in: buckets) {
                            for sum in series.aggregates { most = max(most, sum.maximum) }
                        }
                    }
                    return most > 0 ? Double(repeats) : 0
                }
            }
        ])
        return Figure(name, laps[0].map { $0.cost * 1000 }, "ms/query", budget: budget)
    }
}
