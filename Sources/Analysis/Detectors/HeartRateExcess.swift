import Vitals

/// Heart rate above what the person's own steps explain.
///
/// Expected is the person's usual rate at rest in this hour of the day, plus a rise that follows exertion. Exertion is
/// steps a minute, smoothed with the lag that explains the person's heart best (time constant 1, 2 or 4 minutes). All of
/// it is learned anew at the end of each local day from the 28 days before (`HeartRateModel`), robustly: medians by hour
/// and by level of exertion, and a Huber regression through them. No published benchmark with open labels exists
/// (ALGORITHMS §13); what is claimed is what the tests show.
struct HeartRateExcess: Detector {
    static let card = DetectorCard(
        name: "hr_excess", version: 1, gives: [.hrExcess], reads: [.heartRate, .steps], memory: .days(60),
        measures: "heart rate above what the person's own steps and hour of the day explain, median of five minutes",
        inputs: "heart_rate, steps; minutes of both",
        delay: "the end of each five minutes; the model follows at midnight",
        source: "own: medians by hour, Huber regression on lagged steps (Huber 1964, Ann Math Stat 35:73)",
        needs: "7 of the last 28 days with both, three of them with rest in this hour; three known minutes of the "
            + "five, and known steps in the 16 minutes up to each",
        limits: "cycling, lifting, stress, heat and drink raise the heart without steps; a lasting change becomes "
            + "usual after two weeks")

    static let window: Int64 = 5 * 60_000
    static let enoughMinutes = 3

    private(set) var model = HeartRateModel()
    /// The local day at hand: its number, and its span in ms since 1970, which ends at 0 for none.
    private var day = Int32.min
    private var start: Int64 = 0
    private var end: Int64 = 0
    /// Time of the newest heart rate (−1 for none since the last day ended), and up to where windows were looked at.
    private var newest: Int64 = -1
    private var told: Int64 = -1
    var isChanged = false

    init() {}

    var deadline: Int64? {
        guard newest >= 0 else { return nil }
        if end == 0 { return 0 }
        let next = (newest / Self.window + 1) * Self.window
        return next > told ? Swift.min(end, next) : end
    }

    mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .heartRate, sample.time.milliseconds > newest else { return }
        newest = sample.time.milliseconds
        isChanged = true
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        isChanged = true
        let next = (newest / Self.window + 1) * Self.window
        if newest >= 0, next > told, next <= now.tick {
            told = next
            if let value = excess(until: next, now) {
                found.append(
                    DerivedValue(metric: .hrExcess, value: value, time: next, span: UInt32(Self.window)))
            }
        }
        if end > 0, now.tick >= end {
            learn(now)
            if newest < end { newest = -1 }
            end = 0
        }
        let today = now.zone.day(of: Timestamp(milliseconds: now.tick - 1))
        if end == 0, newest >= 0, today.number > day {
            day = today.number
            start = now.zone.start(of: today).milliseconds
            end = Swift.max(start, now.zone.start(of: today + 1).milliseconds)
        } else if end == 0 {
            newest = -1
        }
    }

    /// The median excess of the five minutes before `time`.
    private func excess(until time: Int64, _ now: DetectorTick) -> Double? {
        guard model.isReady else { return nil }
        var found: [Float] = []
        let first = (time - Self.window) / SessionTracker.minute
        for minute in first..<first + Self.window / SessionTracker.minute {
            guard let rate = now.view.reading(minute).heartRate,
                let exertion = exertion(minute, now.view)?[model.lag],
                let expected = model.expected(
                    hour: Self.hour(of: minute, now.zone), exertion: exertion)
            else { continue }
            found.append(Float(rate - expected))
        }
        guard found.count >= Self.enoughMinutes else { return nil }
        return OrderedSamples.quantile(0.5, of: found)
    }

    static func hour(of minute: Int64, _ zone: Zone) -> Int {
        Int(zone.timeOfDay(Timestamp(milliseconds: minute * SessionTracker.minute)).milliseconds / 3_600_000)
    }

    /// Smoothed steps for each lag; `nil` when steps of this minute or one of those before it are unknown.
    private func exertion(_ minute: Int64, _ view: SessionView) -> [Double]? {
        var level = HeartRateModel.Exertion()
        for m in minute - Int64(HeartRateModel.reach)...minute { level.take(view.reading(m).steps) }
        return level.values
    }

    private mutating func learn(_ now: DetectorTick) {
        let first = start / SessionTracker.minute
        var level = HeartRateModel.Exertion()
        var minutes: [HeartRateModel.Minute] = []
        let reach = Int64(HeartRateModel.reach)
        for minute in first - reach..<Swift.max(first, end / SessionTracker.minute) {
            let (rate, steps) = now.view.reading(minute)
            level.take(steps)
            guard minute >= first, let rate, let exertion = level.values else { continue }
            minutes.append(
                HeartRateModel.Minute(hour: Self.hour(of: minute, now.zone), rate: rate, exertion: exertion))
        }
        model.learn(day: day, minutes)
    }
}

extension HeartRateExcess {
    func write(to writer: inout ByteWriter) {
        model.write(to: &writer)
        writer.integer(day)
        for time in [start, end, newest, told] { writer.integer(time) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        model = try HeartRateModel(from: &reader)
        day = try reader.integer()
        start = try reader.integer()
        end = try reader.integer()
        newest = try reader.integer()
        told = try reader.integer()
        guard DetectorDay.canBe(start: start, end: end), newest >= -1, newest <= Intake.lastTime, told >= -1,
            told <= Intake.lastTime * 2
        else { throw WireError(.malformed("a day that cannot be"), at: reader.offset) }
    }
}
