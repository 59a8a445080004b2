import Vitals

/// Opens, ends and completes exercise sessions, one finished minute at a time.
///
/// A session opens when at least 8 of the last 10 minutes were active and heart rate covers half of them: movement
/// together with heart rate, never heart rate alone. It begins with the first of those active minutes. It ends with its
/// last active minute once three calm minutes in a row followed, or nothing measured movement for ten. Ten minutes after
/// the end it is complete. What is decided about a minute stays decided: late data changes no session.
struct SessionTracker: Sendable {
    static let minute: Int64 = 60_000
    /// Minutes looked back at for opening, how many of them must be active.
    static let lookback: Int64 = 10
    static let activeNeeded = 8
    static let calmNeeded = 3
    static let unknownNeeded = 10
    static let shortest: Int64 = 10
    /// Minutes 5 to 10 after the end (DESIGN §8).
    static let recoveryFrom: Int64 = 5
    static let recoveryTo: Int64 = 10
    static let enoughCoverage = 0.5
    /// Active minutes after the end that make a recovery rate meaningless.
    static let tooActive = 2
    static let keptRecoveries = 50
    static let usualNeeded = 5
    static let usualShare = 0.9
    /// `session.*` tells of the session that just ended: for an hour.
    static let remembered: Int64 = 60 * 60_000
    /// After a longer absence the minutes in between are not walked through.
    static let longestGap: Int64 = 120

    /// The next minute to look at, since 1970.
    private(set) var next: Int64 = 0
    /// Activity of the last ten minutes, newest last.
    private var recent: [MinuteActivity] = []
    private var open: Open?
    private(set) var last: ExerciseSession?
    private var completedAt: Int64 = -1
    /// End of the last session, in minutes: the next begins after it.
    private var lastEnd: Int64 = 0
    private var recoveries: [Double] = []
    var isChanged = false

    private struct Open: Sendable, Equatable {
        var start: Int64
        /// Minute after the last active one.
        var end: Int64
        var calm = 0
        var unknown = 0
        /// Whether it has ended and waits for its recovery.
        var isOver = false
        var low: Double
        var high: Double
    }

    var isActive: Bool { open.map { !$0.isOver } ?? false }

    /// The pane end at which something will be decided though nothing arrives.
    var deadline: Int64? {
        guard let open else { return nil }
        return (open.isOver ? Swift.max(open.end + Self.recoveryTo, next) : next + 1) * Self.minute
    }

    /// Looks at every minute finished at tick `end`; returns a session completed by them. A second one stays for the
    /// next tick.
    mutating func close(
        tick end: Int64, view: SessionView, range: ClosedRange<Double>?, limits: (rest: Double, most: Double)?
    ) -> ExerciseSession? {
        let finished = end / Self.minute
        guard finished > next else { return nil }
        isChanged = true
        if finished - next > Self.longestGap, open == nil {
            next = finished - Self.lookback
            recent.removeAll(keepingCapacity: true)
        }
        while next < finished {
            let minute = next
            next += 1
            let activity = view.activity(minute)
            if recent.count == Int(Self.lookback) { recent.removeFirst() }
            recent.append(activity)
            if open == nil {
                tryOpening(at: minute, view: view, range: range)
            } else if var completed = goOn(minute, activity, view) {
                if let limits {
                    completed.zoneMinutes = view.zones(
                        from: completed.start.milliseconds / Self.minute, to: completed.end.milliseconds / Self.minute,
                        rest: limits.rest, most: limits.most)
                }
                last = completed
                completedAt = end
                return completed
            }
        }
        return nil
    }

    private mutating func tryOpening(at minute: Int64, view: SessionView, range: ClosedRange<Double>?) {
        guard recent.last == .active else { return }
        let from = minute + 1 - Int64(recent.count)
        var first: Int64?
        var active = 0
        for (i, activity) in recent.enumerated() where activity == .active {
            let at = from + Int64(i)
            guard at >= lastEnd else { continue }
            active += 1
            if first == nil { first = at }
        }
        guard active >= Self.activeNeeded, let first,
            view.heartRate(from: minute + 1 - Self.lookback, to: minute + 1).coverage >= Self.enoughCoverage
        else { return }
        open = Open(start: first, end: minute + 1, low: range?.lowerBound ?? .nan, high: range?.upperBound ?? .nan)
    }

    private mutating func goOn(_ minute: Int64, _ activity: MinuteActivity, _ view: SessionView) -> ExerciseSession? {
        guard var session = open else { return nil }
        defer { open = session.end < 0 ? nil : session }
        if !session.isOver {
            switch activity {
            case .active:
                session.end = minute + 1
                session.calm = 0
                session.unknown = 0
            case .calm:
                session.calm += 1
                session.unknown = 0
            case .between:
                session.calm = 0
                session.unknown = 0
            case .unknown:
                session.unknown += 1
            }
            session.isOver = session.calm >= Self.calmNeeded || session.unknown >= Self.unknownNeeded
            if session.isOver, session.end - session.start < Self.shortest {
                lastEnd = session.end
                session.end = -1
                return nil
            }
        }
        guard session.isOver, minute + 1 >= session.end + Self.recoveryTo else { return nil }
        let result = complete(session, view)
        lastEnd = session.end
        last = result
        session.end = -1
        return result
    }

    private mutating func complete(_ session: Open, _ view: SessionView) -> ExerciseSession {
        let during = view.heartRate(from: session.start, to: session.end)
        let after = view.heartRate(from: session.end + Self.recoveryFrom, to: session.end + Self.recoveryTo)
        var again = 0
        for minute in session.end..<(session.end + Self.recoveryTo) where view.activity(minute) == .active {
            again += 1
        }
        let recovery = after.coverage >= Self.enoughCoverage && again < Self.tooActive ? after.mean : .nan
        let usual =
            recoveries.count >= Self.usualNeeded
            ? OrderedSamples.quantile(Self.usualShare, of: recoveries.map(Float.init)) ?? .nan : .nan
        let count = recoveries.count
        if !recovery.isNaN {
            recoveries.append(recovery)
            if recoveries.count > Self.keptRecoveries { recoveries.removeFirst() }
        }
        return ExerciseSession(
            start: Timestamp(milliseconds: session.start * Self.minute),
            end: Timestamp(milliseconds: session.end * Self.minute), meanHeartRate: during.mean,
            peakHeartRate: during.peak,
            minutesAboveRange: session.high.isNaN
                ? .nan : view.minutesAbove(session.high, from: session.start, to: session.end),
            rangeLow: session.low, rangeHigh: session.high, recoveryHeartRate: recovery, recoveryUsual: usual,
            earlierCount: count)
    }

    /// `session.*` at tick `end`; NaN when unknown.
    func value(_ field: SessionField, at end: Int64) -> Double {
        if field == .active { return isActive ? 1 : 0 }
        guard let last, end - completedAt <= Self.remembered else { return .nan }
        switch field {
        case .active: return .nan
        case .minutes: return last.minutes
        case .meanHeartRate: return last.meanHeartRate
        case .peakHeartRate: return last.peakHeartRate
        case .minutesAboveRange: return last.minutesAboveRange
        case .rangeLow: return last.rangeLow
        case .rangeHigh: return last.rangeHigh
        case .recoveryHeartRate: return last.recoveryHeartRate
        case .recoveryUsual: return last.recoveryUsual
        case .count: return Double(last.earlierCount)
        }
    }
}

extension SessionTracker {
    static let version = 1

    func write(to writer: inout ByteWriter) {
        writer.integer(next)
        writer.list(recent) { $0.byte($1.rawValue) }
        writer.optional(open) {
            $0.integer($1.start)
            $0.integer($1.end)
            $0.byte(UInt8(clamping: $1.calm))
            $0.byte(UInt8(clamping: $1.unknown))
            $0.bool($1.isOver)
            $0.double($1.low)
            $0.double($1.high)
        }
        writer.optional(last) {
            $0.time($1.start)
            $0.time($1.end)
            for value in [
                $1.meanHeartRate, $1.peakHeartRate, $1.minutesAboveRange, $1.rangeLow, $1.rangeHigh,
                $1.recoveryHeartRate, $1.recoveryUsual,
            ] { $0.double(value) }
            $0.count($1.earlierCount)
            $0.list($1.zoneMinutes) { $0.double($1) }
        }
        writer.integer(completedAt)
        writer.integer(lastEnd)
        writer.list(recoveries) { $0.double($1) }
    }

    init(from reader: inout ByteReader, version: Int) throws(WireError) {
        let latest = Intake.lastTime / Self.minute + 1
        func minute(_ r: inout ByteReader) throws(WireError) -> Int64 {
            let value: Int64 = try r.integer()
            guard value >= 0, value <= latest else {
                throw WireError(.malformed("minute \(value) of a session"), at: r.offset)
            }
            return value
        }
        next = try minute(&reader)
        recent = try reader.list { (r: inout ByteReader) throws(WireError) in try r.raw() }
        guard recent.count <= Int(Self.lookback) else {
            throw WireError(.malformed("\(recent.count) recent minutes"), at: reader.offset)
        }
        open = try reader.optional { (r: inout ByteReader) throws(WireError) in
            var open = Open(start: try minute(&r), end: try minute(&r), low: .nan, high: .nan)
            open.calm = Int(try r.byte())
            open.unknown = Int(try r.byte())
            open.isOver = try r.bool()
            open.low = try r.double()
            open.high = try r.double()
            return open
        }
        last = try reader.optional { (r: inout ByteReader) throws(WireError) in
            var last = ExerciseSession(
                start: try r.time(), end: try r.time(), meanHeartRate: try r.double(), peakHeartRate: try r.double(),
                minutesAboveRange: try r.double(), rangeLow: try r.double(), rangeHigh: try r.double(),
                recoveryHeartRate: try r.double(), recoveryUsual: try r.double(), earlierCount: try r.count())
            // Earlier versions did not know zones.
            if version > 4 {
                last.zoneMinutes = try r.list { (r: inout ByteReader) throws(WireError) in try r.double() }
            }
            return last
        }
        completedAt = try reader.integer()
        lastEnd = try minute(&reader)
        recoveries = try reader.list { (r: inout ByteReader) throws(WireError) in try r.double() }
    }
}
