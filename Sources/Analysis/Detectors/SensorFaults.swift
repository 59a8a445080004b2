import Vitals

/// What values tell of the sensor that the sensor does not say itself: silence, a flat line, and heart rates that are
/// really steps.
///
/// Codes of `sensor_state`, beside those that devices give (`SensorState`): `flat_line` when the same heart rate came at
/// least 120 times and for ten minutes; `cadence_lock` when heart rate followed the step rate to within 3 a minute for
/// nine of ten minutes in which the step rate itself moved by 8 or more (an optical sensor that counts arm swings; a
/// runner whose heart happens to beat at the rate of his steps does not follow their changes); `stale` after ten minutes
/// without a usable heart rate, or four times the interval before, whichever is longer. `ok` when it is over. A
/// flat line or lock that lasts is told again every ten minutes, since devices tell their state again, too.
struct SensorFaults: Detector {
    static let card = DetectorCard(
        name: "sensor_state", version: 1, gives: [.sensorState], reads: [.heartRate, .steps, .cadence],
        memory: .days(2),
        measures:
            "whether heart-rate values can be the heart's: silent (stale), the same for ten minutes (flat_line), or "
            + "following the steps (cadence_lock); devices add off_body, poor_contact, disconnected",
        inputs: "heart_rate; steps or cadence",
        delay: "ten minutes; ok again with the next value that differs",
        source: "vitald's own; thresholds from injected faults, no labelled recordings are known (ALGORITHMS §13)",
        needs: "heart rate; cadence_lock also ten minutes of steps or cadence, by the minute",
        limits: "a sensor that smooths over minutes can look flat in deep sleep; a lock at a steady pace is not seen")

    static let flatCount = 120
    static let flatLength: Int64 = 10 * 60_000
    static let shortestSilence: Int64 = 10 * 60_000
    static let silenceOverInterval: Int64 = 4
    static let repetition: Int64 = 10 * 60_000
    static let lockMinutes = 10
    static let lockedMinutes = 9
    static let lockDistance = 3.0
    static let lockMovement = 8.0
    /// Step rates below are no walk.
    static let slowestWalk = 60.0
    /// Who has not moved for so long has no step rate to be followed.
    static let standing: Int64 = 120_000

    enum Fault: UInt8, Sendable {
        case none = 0
        case flatLine = 3
        case cadenceLock = 4
        case stale = 5
    }

    private var newest: Int64 = -1
    private var interval: Int64 = 0
    private var value: Float = 0
    private var flatSince: Int64 = -1
    private var flatCount = 0
    /// Rates of the last minutes: of the heart and of steps, NaN where one is not known.
    private var minutes: [Minute] = []
    private var nextMinute: Int64 = 0
    /// End of the newest step or turn.
    private var moved: Int64 = -1
    private var isLocked = false
    private var told = Fault.none
    private var toldAt: Int64 = -1
    var isChanged = false

    struct Minute: Sendable, Equatable {
        var heart: Double
        var steps: Double
    }

    init() {}

    mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard !arrival.isLate else { return }
        let time = sample.time.milliseconds
        switch sample.metric {
        case .steps, .cadence:
            guard sample.value > 0, time > moved else { return }
            moved = time
            isChanged = true
        case .heartRate:
            guard time > newest else { return }
            isChanged = true
            if newest >= 0 { interval = time - newest }
            // A flat line with a hole in it is two.
            if sample.value == value, newest >= 0, interval <= Swift.max(arrival.hold, 60_000) {
                flatCount += 1
            } else {
                value = sample.value
                flatSince = time
                flatCount = 1
            }
            newest = time
        default: return
        }
    }

    private var silence: Int64 { Swift.max(Self.shortestSilence, interval * Self.silenceOverInterval) }
    private var isFlat: Bool { flatCount >= Self.flatCount && newest - flatSince >= Self.flatLength }

    private func fault(at tick: Int64) -> Fault {
        if tick - newest >= silence { return .stale }
        return isFlat ? .flatLine : isLocked ? .cadenceLock : .none
    }

    var deadline: Int64? {
        guard newest >= 0 else { return nil }
        // Silence is told once: who sends nothing is not woken again.
        if told == .stale { return newest > toldAt ? 0 : nil }
        if isFlat != (told == .flatLine) { return 0 }
        var next = newest + silence
        // Steps are being made: every minute of them is looked at.
        if moved > nextMinute * 60_000 { next = Swift.min(next, (nextMinute + 1) * 60_000) }
        if isLocked { next = Swift.min(next, moved + Self.standing) }
        if told != .none { next = Swift.min(next, toldAt + Self.repetition) }
        return next
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard newest >= 0 else { return }
        look(now)
        let fault = fault(at: now.tick)
        let lasts = fault != .none && fault != .stale && now.tick - toldAt >= Self.repetition
        guard fault != told || lasts else { return }
        isChanged = true
        told = fault
        toldAt = now.tick
        found.append(DerivedValue(metric: .sensorState, value: Double(fault.rawValue), time: now.tick))
    }

    /// Looks at the minutes that are over.
    private mutating func look(_ now: DetectorTick) {
        if isLocked, now.tick - moved >= Self.standing {
            isLocked = false
            isChanged = true
        }
        let finished = now.tick / 60_000
        guard finished > nextMinute, moved > nextMinute * 60_000 else { return }
        isChanged = true
        if finished - nextMinute > Int64(Self.lockMinutes) {
            nextMinute = finished - Int64(Self.lockMinutes)
            minutes.removeAll(keepingCapacity: true)
        }
        while nextMinute < finished {
            if minutes.count == Self.lockMinutes { minutes.removeFirst() }
            minutes.append(now.view.rates(nextMinute))
            nextMinute += 1
        }
        isLocked = Self.isLocked(minutes)
    }

    static func isLocked(_ minutes: [Minute]) -> Bool {
        guard minutes.count == lockMinutes else { return false }
        let close = minutes.filter { $0.steps >= slowestWalk && abs($0.heart - $0.steps) <= lockDistance }
        guard close.count >= lockedMinutes, let least = close.map(\.steps).min(), let most = close.map(\.steps).max()
        else { return false }
        return most - least >= lockMovement
    }
}

extension SessionView {
    /// Mean heart rate and step rate of a minute; NaN where one is not known.
    func rates(_ minute: Int64) -> SensorFaults.Minute {
        SensorFaults.Minute(
            heart: mean(heart, minute) ?? .nan, steps: stepRate(minute) ?? mean(cadence, minute) ?? .nan)
    }
}

extension SensorFaults {
    func write(to writer: inout ByteWriter) {
        for time in [newest, interval, flatSince, nextMinute, moved, toldAt] { writer.integer(time) }
        writer.float(value)
        writer.count(flatCount)
        writer.list(minutes) {
            $0.double($1.heart)
            $0.double($1.steps)
        }
        writer.bool(isLocked)
        writer.byte(told.rawValue)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        newest = try reader.integer()
        interval = try reader.integer()
        flatSince = try reader.integer()
        nextMinute = try reader.integer()
        moved = try reader.integer()
        toldAt = try reader.integer()
        value = try reader.float()
        flatCount = try reader.count()
        minutes = try reader.list { (r: inout ByteReader) throws(WireError) in
            Minute(heart: try r.double(), steps: try r.double())
        }
        isLocked = try reader.bool()
        told = try reader.raw()
        guard [newest, flatSince, nextMinute, moved, toldAt].allSatisfy({ (-1...Intake.lastTime).contains($0) }),
            (0...Intake.lastTime).contains(interval), minutes.count <= Self.lockMinutes, flatCount < .max
        else { throw WireError(.malformed("a sensor that cannot be"), at: reader.offset) }
    }
}
