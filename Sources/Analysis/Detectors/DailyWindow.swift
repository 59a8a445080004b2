import Vitals

/// When a part of each local day is computed from minute panes, and computed again while what belongs to it comes late.
///
/// Minute panes reach back 24 hours; a part that has begun to leave them stays as it is.
struct DailyWindow: Sendable, Equatable {
    /// The part of the day, as local time since midnight.
    let from: TimeSpan
    let to: TimeSpan
    /// When it is computed; beyond 24 hours: on the next day.
    let due: TimeSpan
    /// A part being filled in is computed again at most this often.
    static let patience: Int64 = 10 * 60_000
    private static let day = TimeSpan.hours(24)

    /// The part computed last: its local day and span in UTC ms.
    private(set) var number = Int32.min
    private(set) var start: Int64 = 0
    private(set) var end: Int64 = 0
    private var computedAt: Int64 = 0
    /// The pane end at which the next one is due; −1 before the first of these.
    private var nextDue: Int64 = -1
    /// Data of the computed part came in afterwards.
    private var isStale = false
    /// Time of the newest heart rate or beat: who wears nothing is not woken.
    private var newest: Int64 = -1
    var isChanged = false

    init(from: TimeSpan, to: TimeSpan, due: TimeSpan) {
        self.from = from
        self.to = to
        self.due = due
    }

    @inline(__always) mutating func take(_ sample: Sample) {
        guard sample.metric == .heartRate || sample.metric == .steps else { return }
        saw(sample, isWorn: sample.metric == .heartRate)
    }

    /// Something of the part's own metric came; `isWorn` when it shows that the person wears a sensor.
    @inline(__always) mutating func saw(_ sample: Sample, isWorn: Bool) {
        if isWorn, sample.time.milliseconds > newest {
            newest = sample.time.milliseconds
            isChanged = true
        }
        if sample.start.milliseconds < end, sample.time.milliseconds > start, !isStale {
            isStale = true
            isChanged = true
        }
    }

    /// Whether a time may lie in the part that is due next, or lies in the one computed last: for detectors that gather
    /// what they need themselves.
    func mayHold(_ time: Int64) -> Bool {
        // An hour for clocks that change.
        let lead = due.milliseconds - from.milliseconds + 3_600_000
        return time >= nextDue - lead || time >= start && time < end
    }

    var deadline: Int64? {
        guard nextDue >= 0 else { return newest >= 0 ? 0 : nil }
        guard isStale || newest >= nextDue - MetricSeries.horizon else { return nil }
        return isStale ? Swift.min(nextDue, computedAt + Self.patience) : nextDue
    }

    private func due(of day: LocalDay, _ zone: Zone) -> Int64 {
        let time =
            due < Self.day
            ? zone.timestamp(day: day, timeOfDay: due) : zone.timestamp(day: day + 1, timeOfDay: due - Self.day)
        return (time.milliseconds + SeriesPanes.fineLength - 1) / SeriesPanes.fineLength * SeriesPanes.fineLength
    }

    /// The part to compute at a tick, in minutes since 1970, if one is due.
    mutating func part(at tick: Int64, zone: Zone) -> Range<Int64>? {
        let today = zone.day(of: Timestamp(milliseconds: tick))
        if nextDue < 0 {
            nextDue = due(of: today, zone)
            isChanged = true
        }
        if tick >= nextDue {
            computedAt = nextDue
            var day = today
            while due(of: day, zone) > tick { day = day + -1 }
            nextDue = Swift.max(due(of: day + 1, zone), tick + SeriesPanes.fineLength)
            number = day.number
            start = zone.timestamp(day: day, timeOfDay: from).milliseconds
            end =
                to < Self.day
                ? zone.timestamp(day: day, timeOfDay: to).milliseconds : zone.start(of: day + 1).milliseconds
        } else if !(isStale && tick >= computedAt + Self.patience) {
            return nil
        } else {
            computedAt = tick
        }
        isStale = false
        isChanged = true
        guard tick - start <= MetricSeries.horizon, end > start else { return nil }
        return start / SessionTracker.minute..<Swift.max(start, end) / SessionTracker.minute
    }
}

extension DailyWindow {
    func write(to writer: inout ByteWriter) {
        writer.integer(number)
        for time in [start, end, computedAt, nextDue, newest] { writer.integer(time) }
        writer.bool(isStale)
    }

    /// Reads into a window of the same part of the day.
    mutating func read(from reader: inout ByteReader) throws(WireError) {
        number = try reader.integer()
        start = try reader.integer()
        end = try reader.integer()
        computedAt = try reader.integer()
        nextDue = try reader.integer()
        newest = try reader.integer()
        isStale = try reader.bool()
        for time in [start, end, computedAt, nextDue, newest]
        where time < -1 || time > Intake.lastTime + 400 * 86_400_000 {
            throw WireError(.malformed("a part of a day that cannot be"), at: reader.offset)
        }
    }
}
