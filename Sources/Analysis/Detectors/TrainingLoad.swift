import Kernels
import Vitals

/// A day's training load from heart rate, and what weeks of it add up to.
///
/// Banister's TRIMP (1991): minutes × x × a·e^(b·x), with x = (rate − rest) / (max − rest) held in 0 … 1, and a, b =
/// 0.64, 1.92 for men, 0.86, 1.67 for women. Fitness and fatigue are running means of the daily load with time
/// constants of 42 and 7 days, form is their difference (Allen & Coggan): v += (load − v) / n, from zero. Days without
/// heart rate count as days without load there.
struct TrainingLoad: Detector {
    static let card = DetectorCard(
        name: "training_load", version: 1, gives: [.trainingLoad, .fitness, .fatigue, .form, .zoneMinutes],
        reads: [.heartRate, .restingHeartRate], memory: .everything,
        measures: "Banister's TRIMP of the day; fitness, fatigue (42- and 7-day running means of it) and form (their "
            + "difference); minutes at 40 % of heart-rate reserve or more (moderate exercise begins there, ACSM)",
        inputs: "heart_rate; maximum heart rate (on record, or from the date of birth), sex, resting_heart_rate",
        delay: "two minutes after midnight; completed by what comes late during the next day",
        source: "Banister 1991; Allen & Coggan; ACSM's Guidelines, 11th edition, table 6.1",
        needs: "a minute of heart rate; the maximum; a resting heart rate measured within 14 days or on record",
        limits: "strength training and heat raise the heart rate as well; without a date of birth or a known maximum "
            + "nothing is said; where sex is not on record the constants for men are taken; fitness begins at zero, "
            + "so that it rises for six weeks whatever is done")

    static let fitnessDays = 42.0
    static let fatigueDays = 7.0
    /// Share of heart-rate reserve where moderate exercise begins (ACSM).
    static let moderate = 0.40
    /// Milliseconds of heart rate below which a day says nothing.
    static let enough: Int64 = 30_000
    /// What came late may change a day's value at most this often.
    static let patience: Int64 = 10 * 60_000
    static let due: Int64 = 2 * 60_000
    /// After so many days without any heart rate the means say nothing more, and begin anew.
    static let longestPause: Int32 = 400
    /// For so many days without heart rate they are still told.
    static let told: Int32 = 42

    /// Today and the day before, oldest first.
    private var days: [HeartRateTimes] = []
    /// The newest timely and the newest late value, which count until the next.
    private var newest = Value()
    private var newestLate = Value()
    /// The means as they were at the end of `settled`, the day before `days`.
    private var means = Means()
    private var settled = Int32.min
    /// The last day whose value was told, and when.
    private var toldDay = Int32.min
    private var toldAt: Int64 = 0
    /// A day told already got more.
    private var isStale = false
    /// The pane end at which the next day is due; −1: none.
    private var nextDue: Int64 = -1
    /// Newest day with heart rate.
    private var lastDay = Int32.min
    var isChanged = false

    struct Value: Sendable, Equatable {
        var time: Int64 = -1
        var rate: Float = 0
    }

    struct Means: Sendable, Equatable {
        var fitness = 0.0
        var fatigue = 0.0

        mutating func add(_ load: Double) {
            fitness += (load - fitness) / TrainingLoad.fitnessDays
            fatigue += (load - fatigue) / TrainingLoad.fatigueDays
        }
    }

    // MARK: Formula

    /// Weight of a minute at a rate.
    ///
    /// - Parameters: beats per minute, `rest` < `most`; women's constants where `sex` says so, else men's.
    static func weight(_ rate: Double, rest: Double, most: Double, sex: Person.Sex?) -> Double {
        let x = Swift.min(Swift.max((rate - rest) / (most - rest), 0), 1)
        let (a, b) = sex == .female ? (0.86, 1.67) : (0.64, 1.92)
        return x * a * Exponential.of(b * x)
    }

    /// Edwards' weight of a minute: 1 … 5 above 50, 60, 70, 80 and 90 % of the maximum.
    static func zone(_ rate: Double, most: Double) -> Double {
        Double(SessionView.zoneBegins.count { rate > $0 * most })
    }

    static func load(
        _ times: HeartRateTimes, rest: Double, most: Double, sex: Person.Sex?, by formula: LoadFormula = .banister
    ) -> Double {
        var sum = 0.0
        for (n, ms) in times.spent.enumerated() where ms > 0 {
            let rate = Double(n + HeartRateTimes.rates.lowerBound)
            let weight =
                switch formula {
                case .banister: weight(rate, rest: rest, most: most, sex: sex)
                case .edwards: zone(rate, most: most)
                }
            sum += Double(ms) / 60_000 * weight
        }
        return sum
    }

    // MARK: Samples

    mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .heartRate else { return }
        let time = sample.time.milliseconds
        let day = arrival.day
        if days.last.map({ day.number > $0.day.number }) ?? true { days.append(HeartRateTimes(day: day)) }
        guard let place = days.firstIndex(where: { $0.day.number == day.number }) else { return }
        isChanged = true
        let longest = Swift.max(HeartRateTimes.longestHold, arrival.cadence)
        if arrival.isLate {
            guard !days[place].isTimely(time) else { return }
            count(newestLate, until: time, longest, in: place)
            newestLate = Value(time: time, rate: sample.value)
            if day.number <= toldDay { isStale = true }
        } else {
            count(newest, until: time, longest, in: place)
            newest = Value(time: time, rate: sample.value)
            days[place].markTimely(time)
        }
        lastDay = Swift.max(lastDay, day.number)
        if nextDue < 0 { nextDue = day.end + Self.due }
    }

    /// Counts a value until the next one, which lies in `days[place]`.
    private mutating func count(_ value: Value, until time: Int64, _ longest: Int64, in place: Int) {
        guard value.time >= 0, time > value.time else { return }
        if days[place].day.contains(value.time) {
            days[place].add(value.rate, for: Swift.min(time - value.time, longest))
        } else if time - value.time <= longest, place > 0, days[place - 1].day.contains(value.time) {
            days[place - 1].add(value.rate, for: time - value.time)
        }
    }

    // MARK: Days

    var deadline: Int64? {
        guard nextDue >= 0 else { return nil }
        return isStale ? Swift.min(nextDue, toldAt + Self.patience) : nextDue
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        let isDue = nextDue >= 0 && now.tick >= nextDue
        guard isDue || isStale && now.tick >= toldAt + Self.patience else { return }
        isChanged = true
        isStale = false
        toldAt = now.tick
        let today = DaySpan(now.zone.day(of: Timestamp(milliseconds: now.tick - Self.due)), in: now.zone)
        tell(before: today.number, now, into: &found)
        toldDay = today.number - 1
        // Told while there was heart rate lately, and can be; then left alone until there is again.
        let isLately = Int64(today.number) - Int64(lastDay) <= Int64(Self.told)
        let isTold = lastDay >= today.number || isKnown(now, on: today.number)
        nextDue = isLately && isTold ? today.end + Self.due : -1
        if nextDue >= 0, nextDue <= now.tick { nextDue = now.tick + SeriesPanes.fineLength }
    }

    /// Tells every day before `today` that is not settled, and settles all but yesterday.
    private mutating func tell(before today: Int32, _ now: DetectorTick, into found: inout [DerivedValue]) {
        guard let first = days.first?.day.number ?? (settled > .min ? settled + 1 : nil), first < today else { return }
        if settled == .min || first - settled > Self.longestPause || today - first > Self.longestPause {
            means = Means()
            settled = Swift.max(first, today - Self.longestPause) - 1
        }
        var running = means
        var day = settled + 1
        while day < today {
            let times = days.first { $0.day.number == day }
            var load: Double?
            if let times { load = self.load(of: times, now, into: &found) }
            running.add(load ?? 0)
            if day == today - 1 || times != nil, isKnown(now, on: day) {
                let time = times?.day.last ?? DaySpan(LocalDay(number: day), in: now.zone).last
                found.append(DerivedValue(metric: .fitness, value: running.fitness, time: time))
                found.append(DerivedValue(metric: .fatigue, value: running.fatigue, time: time))
                found.append(DerivedValue(metric: .form, value: running.fitness - running.fatigue, time: time))
            }
            if day < today - 1 {
                means = running
                settled = day
                days.removeAll { $0.day.number <= day }
            }
            day += 1
        }
    }

    private func load(
        of times: HeartRateTimes, _ now: DetectorTick, into found: inout [DerivedValue]
    ) -> Double? {
        guard times.total >= Self.enough, let (rest, most) = limits(now, on: times.day.number) else { return nil }
        let load = Self.load(times, rest: rest, most: most, sex: now.body.sex, by: now.load)
        found.append(DerivedValue(metric: .trainingLoad, value: load, time: times.day.last))
        let minutes = times.minutes(from: rest + Self.moderate * (most - rest))
        found.append(DerivedValue(metric: .zoneMinutes, value: minutes, time: times.day.last))
        return load
    }

    private func isKnown(_ now: DetectorTick, on day: Int32) -> Bool { limits(now, on: day) != nil }

    /// Resting and maximum heart rate of a day.
    private func limits(_ now: DetectorTick, on day: Int32) -> (rest: Double, most: Double)? {
        guard let most = now.body.maxHeartRate(on: LocalDay(number: day)) else { return nil }
        let measured = now.daily.newest(.restingHeartRate, upTo: day, within: 14)
        guard let rest = measured ?? now.body.restingHeartRate, most > rest else { return nil }
        return (rest, most)
    }
}

extension DailyValues {
    /// The newest value of the `days` local days up to and including `day`.
    func newest(_ metric: Metric, upTo day: Int32, within days: Int32) -> Double? {
        of(metric).last { $0.day <= day && day - $0.day < days }.map { Double($0.value) }
    }
}

extension TrainingLoad {
    func write(to writer: inout ByteWriter) {
        writer.list(days) { $1.write(to: &$0) }
        for value in [newest, newestLate] {
            writer.integer(value.time)
            writer.float(value.rate)
        }
        writer.double(means.fitness)
        writer.double(means.fatigue)
        for day in [settled, toldDay, lastDay] { writer.integer(day) }
        writer.integer(toldAt)
        writer.integer(nextDue)
        writer.bool(isStale)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        days = try reader.list { (r: inout ByteReader) throws(WireError) in try HeartRateTimes(from: &r) }
        newest = Value(time: try reader.integer(), rate: try reader.float())
        newestLate = Value(time: try reader.integer(), rate: try reader.float())
        means = Means(fitness: try reader.double(), fatigue: try reader.double())
        settled = try reader.integer()
        toldDay = try reader.integer()
        lastDay = try reader.integer()
        toldAt = try reader.integer()
        nextDue = try reader.integer()
        isStale = try reader.bool()
        let latest = Int32(Intake.lastTime / 86_400_000) + 2
        guard [settled, toldDay, lastDay].allSatisfy({ $0 == .min || (-2...latest).contains($0) }),
            [toldAt, nextDue, newest.time, newestLate.time].allSatisfy({ (-1...Intake.lastTime * 2).contains($0) }),
            zip(days, days.dropFirst()).allSatisfy({ $0.day.number < $1.day.number })
        else { throw WireError(.malformed("a training load that cannot be"), at: reader.offset) }
    }
}
