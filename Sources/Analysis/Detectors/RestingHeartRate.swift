import Vitals

/// The night's resting heart rate: mean of the heart-rate samples between 00:00 and 06:59:59 local time in minutes that
/// are known to hold no step (Alavi et al. 2022, doi 10.1038/s41591-021-01593-2; ALGORITHMS §1).
///
/// Left out of the original on purpose: truncation to whole beats, filling in missing nights, nights of a single
/// sample. A person without any source of steps gets no value: rest cannot be told from restless hours.
/// Late data makes a night again while its panes last (24 h after its midnight), with a higher revision.
struct RestingHeartRate: Detector {
    static let card = DetectorCard(
        name: "resting_heart_rate", version: 1, gives: [.restingHeartRate],
        measures: "mean heart rate of a night, 00:00 to 07:00 local time, in minutes without a step",
        inputs: "heart_rate, steps; minutes of both, in time or late",
        delay: "07:02 of the same morning; completed by what comes late within 24 hours of midnight",
        source:
            "Alavi et al., Nature Medicine 2022, doi 10.1038/s41591-021-01593-2, without its truncation to whole beats",
        needs: "60 minutes with heart rate whose steps are known to be none",
        limits: "rest is taken from steps alone; who works at night gets a working night's value")

    static let nightEnd = TimeSpan.hours(7)
    /// The value is stamped 07:00 and computed from 07:02 on, when what was measured at night has arrived.
    static let due = TimeSpan.minutes(7 * 60 + 2)
    /// Minutes at rest below which a night says too little: one of its seven hours.
    static let enoughMinutes = 60
    /// A night being filled in is computed again at most this often.
    static let patience: Int64 = 10 * 60_000

    /// The night computed last: its local day and span in UTC ms.
    private(set) var day = Int32.min
    private(set) var start: Int64 = 0
    private(set) var end: Int64 = 0
    private(set) var computedAt: Int64 = 0
    /// The pane end at which the next night is due.
    private(set) var nextDue: Int64 = -1
    /// Data of the computed night came in afterwards.
    private(set) var isStale = false
    /// Time of the newest heart rate: who wears nothing is not woken for a night.
    private var newest: Int64 = -1
    var isChanged = false

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .heartRate || sample.metric == .steps else { return }
        if sample.metric == .heartRate, sample.time.milliseconds > newest {
            newest = sample.time.milliseconds
            isChanged = true
        }
        if sample.start.milliseconds < end, sample.time.milliseconds > start, !isStale {
            isStale = true
            isChanged = true
        }
    }

    var deadline: Int64? {
        guard nextDue >= 0 else { return newest >= 0 ? 0 : nil }
        guard isStale || newest >= nextDue - MetricSeries.horizon else { return nil }
        return isStale ? Swift.min(nextDue, computedAt + Self.patience) : nextDue
    }

    private static func tick(notBefore time: Timestamp) -> Int64 {
        (time.milliseconds + SeriesPanes.fineLength - 1) / SeriesPanes.fineLength * SeriesPanes.fineLength
    }

    /// The night to compute at tick `end`, as minutes since 1970, if one is due.
    private mutating func night(at tick: Int64, zone: Zone) -> (from: Int64, to: Int64)? {
        if nextDue < 0 {
            let today = zone.day(of: Timestamp(milliseconds: tick))
            nextDue = Self.tick(notBefore: zone.timestamp(day: today, timeOfDay: Self.due))
            isChanged = true
        }
        if tick >= nextDue {
            computedAt = nextDue
            let today = zone.day(of: Timestamp(milliseconds: tick))
            let due = Self.tick(notBefore: zone.timestamp(day: today, timeOfDay: Self.due))
            // Woken in the small hours: the night in question was the day before.
            let night = tick >= due ? today : today + -1
            nextDue = Self.tick(notBefore: zone.timestamp(day: night + 1, timeOfDay: Self.due))
            if nextDue <= tick { nextDue = tick + SeriesPanes.fineLength }
            day = night.number
            start = zone.start(of: night).milliseconds
            end = zone.timestamp(day: night, timeOfDay: Self.nightEnd).milliseconds
        } else if !(isStale && tick >= computedAt + Self.patience) {
            return nil
        } else {
            computedAt = tick
        }
        isStale = false
        isChanged = true
        // Minute panes reach back 24 h; a night that has begun to leave them stays as it is.
        guard tick - start <= MetricSeries.horizon, end > start else { return nil }
        return (start / SessionTracker.minute, end / SessionTracker.minute)
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard let night = night(at: now.tick, zone: now.zone) else { return }
        let rest = now.view.resting(from: night.from, to: night.to)
        guard rest.minutes >= Self.enoughMinutes, rest.count > 0 else { return }
        found.append(
            DerivedValue(metric: .restingHeartRate, value: rest.sum / Double(rest.count), time: end))
    }
}

extension RestingHeartRate {
    func write(to writer: inout ByteWriter) {
        writer.integer(day)
        for time in [start, end, computedAt, nextDue, newest] { writer.integer(time) }
        writer.bool(isStale)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        day = try reader.integer()
        start = try reader.integer()
        end = try reader.integer()
        computedAt = try reader.integer()
        nextDue = try reader.integer()
        newest = try reader.integer()
        isStale = try reader.bool()
        for time in [start, end, computedAt, nextDue, newest]
        where time < -1 || time > Intake.lastTime + 400 * 86_400_000 {
            throw WireError(.malformed("a night that cannot be"), at: reader.offset)
        }
    }
}
