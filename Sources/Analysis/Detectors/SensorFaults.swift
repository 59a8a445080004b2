import Vitals

/// What values tell of the sensor that the sensor does not say itself: silence, a flat line, and heart rates that are
/// really steps.
///
/// Codes of `sensor_state`, beside those that devices give (`SensorState`): `flat_line` when the same heart rate came at
/// least 120 times and for ten minutes; `cadence_lock` when heart rate followed the step rate to within 3 a minute for
/// nine of ten minutes in which the step rate itself moved by 8 or more (an optical sensor that counts arm swings; a
/// runner whose heart happens to beat at the rate of his steps does not follow their changes); `stale` after ten minutes
/// without a usable heart rate, or four times the interval before, whichever is longer; `late` instead of `stale` while
/// heart rates do come, but after their time: for ten minutes after the last of them, or four times the interval between
/// deliveries, at most 36 hours. `ok` when it is over. A
/// flat line or lock that lasts is told again every ten minutes, since devices tell their state again, too.
struct SensorFaults: Detector {
    static let card = DetectorCard(
        name: "sensor_state", version: 2, gives: [.sensorState], reads: [.heartRate, .steps, .cadence],
        memory: .days(2),
        measures:
            "whether heart-rate values can be the heart's: silent (stale), behind their time (late), the same for ten minutes (flat_line), or "
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
    /// A ring is emptied once a day, some days in the evening.
    static let longestLateness: Int64 = 36 * 3_600_000
    /// Late values closer together are one delivery.
    static let delivery: Int64 = 60_000
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
        case late = 7
    }

    private var newest: Int64 = -1
    private var interval: Int64 = 0
    /// When the newest late heart rate came, and how long after the delivery before it.
    private var deliveredAt: Int64 = -1
    private var deliveryInterval: Int64 = 0
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
        guard !arrival.isLate else {
            if sample.metric == .heartRate { deliver(at: arrival.tick) }
            return
        }
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

    private mutating func deliver(at tick: Int64) {
        guard tick > deliveredAt else { return }
        if deliveredAt >= 0, tick - deliveredAt >= Self.delivery { deliveryInterval = tick - deliveredAt }
        deliveredAt = tick
        isChanged = true
    }

    /// How long after a delivery the next one may be awaited.
    private var lateness: Int64 {
        Swift.min(Swift.max(Self.shortestSilence, deliveryInterval * Self.silenceOverInterval), Self.longestLateness)
    }

    private var silence: Int64 { Swift.max(Self.shortestSilence, interval * Self.silenceOverInterval) }
    private var isFlat: Bool { flatCount >= Self.flatCount && newest - flatSince >= Self.flatLength }

    private func fault(at tick: Int64) -> Fault {
        if newest < 0 || tick - newest >= silence {
            return deliveredAt >= 0 && tick - deliveredAt < lateness ? .late : .stale
        }
        return isFlat ? .flatLine : isLocked ? .cadenceLock : .none
    }

    var deadline: Int64? {
        guard newest >= 0 || deliveredAt >= 0 else { return nil }
        // Silence is told once: who sends nothing is not woken again.
        if told == .stale { return Swift.max(newest, deliveredAt) > toldAt ? 0 : nil }
        if told == .late { return newest > toldAt ? 0 : deliveredAt + lateness }
        if newest < 0 { return 0 }
        if isFlat != (told == .flatLine) { return 0 }
        var next = newest + silence
        // Steps are being made: every minute of them is looked at.
        if moved > nextMinute * 60_000 { next = Swift.min(next, (nextMinute + 1) * 60_000) }
        if isLocked { next = Swift.min(next, moved + Self.standing) }
        if told != .none { next = Swift.min(next, toldAt + Self.repetition) }
        return next
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard newest >= 0 || deliveredAt >= 0 else { return }
        look(now)
        let fault = fault(at: now.tick)
        let lasts = [.flatLine, .cadenceLock].contains(fault) && now.tick - toldAt >= Self.repetition
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
        for time in [newest, interval, flatSince, nextMinute, moved, toldAt, deliveredAt, deliveryInterval] {
            writer.integer(time)
        }
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
        deliveredAt = try reader.integer()
        deliveryInterval = try reader.integer()
        value = try reader.float()
        flatCount = try reader.count()
        minutes = try reader.list { (r: inout ByteReader) throws(WireError) in
            Minute(heart: try r.double(), steps: try r.double())
        }
        isLocked = try reader.bool()
        told = try reader.raw()
        guard
            [newest, flatSince, nextMinute, moved, toldAt, deliveredAt].allSatisfy({
                (-1...Intake.lastTime).contains($0)
            }),
            (0...Intake.lastTime).contains(interval), (0...Intake.lastTime).contains(deliveryInterval),
            minutes.count <= Self.lockMinutes, flatCount < .max
        else { throw WireError(.malformed("a sensor that cannot be"), at: reader.offset) }
    }
}
