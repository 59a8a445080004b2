import Vitals

/// Readings and statuses of a person's devices become samples that wait for their tick.
///
/// Everything about counters, beats and device clocks is resolved here and nowhere else. What depends on the order of
/// samples (duplicates, merging, cadence) is decided when their tick closes, so that arrival order does not matter.
struct Intake: Sendable {
    /// Times outside 1970 … 2200 are foreign clocks, not moments.
    static let lastTime: Int64 = 7_258_118_400_000
    /// No sensor hands over what it measured longer ago: a device time before that comes from a clock that was never
    /// set (1970, 2000, a firmware's birthday), or was lost with the battery.
    static let longestMemory: Int64 = 3 * 366 * 86_400_000
    /// A tick of pane end T is processed at T + 2 s (DESIGN §2).
    static let grace: Int64 = 2000

    var devices: [DeviceTrack] = []
    /// Samples whose tick has not been closed.
    var pending: [Sample] = []
    var counts = IntakeCounts()
    /// Increments among the newest pending samples that nobody knows the time of: their place, and since when they may
    /// have happened. Emptied by every reading.
    private(set) var guesses: [(place: Int, since: Int64)] = []
    private var increments: [Increment] = []
    private var beats: [BeatClock.Beat] = []

    struct DeviceTrack: Sendable, Equatable {
        let id: DeviceID
        var sensor = SensorState()
        var beat = BeatClock()
        var counters: [CounterTrack] = []
        /// What was put aside or doubted, and why.
        var counts = IntakeCounts()
    }

    /// Counts for the device and in all.
    private mutating func note(_ what: WritableKeyPath<IntakeCounts, Int>, _ index: Int) {
        counts[keyPath: what] &+= 1
        devices[index].counts[keyPath: what] &+= 1
    }

    /// A sample that its series knew already.
    mutating func noteDuplicate(of id: DeviceID) {
        if let index = devices.firstIndex(where: { $0.id == id }) {
            note(\.duplicates, index)
        } else {
            counts.duplicates &+= 1
        }
    }

    private mutating func device(_ id: DeviceID) -> Int {
        for i in devices.indices where devices[i].id == id { return i }
        devices.append(DeviceTrack(id: id))
        return devices.count - 1
    }

    static func isMoment(_ time: Timestamp) -> Bool { time.milliseconds >= 0 && time.milliseconds <= lastTime }

    /// The tick at which a sample is applied: the first whose window can hold it that was not yet processed when it
    /// arrived. The second value tells whether that is later than the tick it belonged to: then it is stored and
    /// completes the night, but no rule sees it.
    ///
    /// A device that is always behind by more than the grace – a cloud in between, a clock a minute slow – therefore
    /// decides nothing at all. That is meant: what is only known afterwards must not look like the present. `stale(…)`
    /// is true for it, so that somebody is told.
    @inline(__always) static func tick(of sample: Sample, isIncrement: Bool) -> (tick: Int64, late: Bool) {
        let time = sample.time.milliseconds
        let length = SeriesPanes.fineLength
        let due = (isIncrement ? time + length - 1 : time + length) / length * length
        let open = (sample.received.milliseconds - grace + length - 1) / length * length
        return open > due ? (open, true) : (due, false)
    }

    // MARK: Readings

    mutating func take(_ reading: Reading, from id: DeviceID, at received: Timestamp, zone: Zone) {
        guard Self.isMoment(received) else {
            counts.foreignTime &+= 1
            return
        }
        if !guesses.isEmpty { guesses.removeAll(keepingCapacity: true) }
        let index = device(id)
        guard reading.value.isFinite, Float(reading.value).isFinite else { return note(\.notFinite, index) }
        if devices[index].sensor.isRepetitionDue(at: received.milliseconds) { tell(index, at: received) }
        var quality: Quality = []
        if devices[index].sensor.isOff, reading.metric.isOfBody { quality.insert(.contactLost) }

        var time = received
        switch reading.time {
        case .arrival: break
        case .at(let stamped):
            if stamped.milliseconds < received.milliseconds - Self.longestMemory || !Self.isMoment(stamped) {
                note(\.foreignTime, index)
                // A block of nobody knows when cannot be placed; anything else is of about now.
                if case .bucket = reading.counter?.kind { return }
                quality.insert(.estimatedTime)
            } else if stamped > received, reading.counter == nil {
                note(\.fromTheFuture, index)
                quality.insert(.estimatedTime)
            } else {
                time = stamped
            }
        case .beat(let position, let count):
            beats.removeAll(keepingCapacity: true)
            devices[index].beat.take(
                Float(reading.value), index: Int(position), count: Int(count), arrival: received.milliseconds,
                contactLost: quality.contains(.contactLost), into: &beats)
            place(from: id, received: received)
            return
        }
        if let rule = reading.counter ?? (reading.metric.kind == .increment ? CounterRule(kind: .delta) : nil) {
            count(reading, rule: rule, device: index, at: time, received: received, quality: quality, zone: zone)
        } else {
            pending.append(
                Sample(
                    metric: reading.metric, value: Float(reading.value), time: time, received: received, source: id,
                    quality: quality))
        }
    }

    private mutating func count(
        _ reading: Reading, rule: CounterRule, device index: Int, at stamped: Timestamp, received: Timestamp,
        quality: Quality, zone: Zone
    ) {
        var quality = quality
        var time = stamped
        let isStamped = reading.time != .arrival && !quality.contains(.estimatedTime)
        if stamped > received {
            if case .bucket = rule.kind {
                // A block may end after now; one that begins later is refused below.
            } else {
                note(\.fromTheFuture, index)
                quality.insert(.estimatedTime)
                time = received
            }
        }
        let counter: Int
        if let known = devices[index].counters.firstIndex(where: { $0.metric == reading.metric }) {
            counter = known
        } else {
            devices[index].counters.append(CounterTrack(metric: reading.metric))
            counter = devices[index].counters.count - 1
        }
        increments.removeAll(keepingCapacity: true)
        let refusal = devices[index].counters[counter].take(
            reading.value, at: time.milliseconds, stamped: isStamped, received: received.milliseconds, rule: rule,
            zone: zone, into: &increments)
        switch refusal {
        case nil: break
        case .repeated: note(\.duplicates, index)
        case .outOfOrder: note(\.outOfOrder, index)
        case .held: note(\.held, index)
        case .saturated: note(\.saturated, index)
        case .rebaselined: note(\.rebaselined, index)
        case .shrunk, .foreign: note(\.refused, index)
        }
        for increment in increments where increment.to >= 0 {
            if increment.isEstimated, let since = increment.since { guesses.append((pending.count, since)) }
            pending.append(
                Sample(
                    metric: reading.metric, value: Float(increment.value), time: Timestamp(milliseconds: increment.to),
                    span: UInt32(clamping: increment.to - Swift.max(increment.from, 0)), received: received,
                    source: devices[index].id,
                    quality: increment.isEstimated ? quality.union(.estimatedTime) : quality))
        }
    }

    /// Of an amount that a device counted while nobody was there to see when, nothing may count that another device
    /// told of in that time: the same steps, or another person's.
    ///
    /// - Parameter spoken: Up to when devices other than this one were heard of the metric.
    mutating func doubt(_ spoken: (Metric, DeviceID) -> Int64) {
        for (place, since) in guesses where place < pending.count {
            let sample = pending[place]
            var newest = spoken(sample.metric, sample.source)
            for other in pending where other.metric == sample.metric && other.source != sample.source {
                if other.quality.isDisjoint(with: .unusable) { newest = Swift.max(newest, other.time.milliseconds) }
            }
            if newest > since + MetricSeries.tolerance { pending[place].quality.insert(.redundant) }
        }
        guesses.removeAll(keepingCapacity: true)
    }

    /// Beats whose packet never became complete are placed when their tick comes.
    mutating func flushBeats() {
        for index in devices.indices where !devices[index].beat.packet.isEmpty {
            beats.removeAll(keepingCapacity: true)
            let arrival = Timestamp(milliseconds: devices[index].beat.arrival)
            devices[index].beat.flush(into: &beats)
            place(from: devices[index].id, received: arrival)
        }
    }

    private mutating func place(from id: DeviceID, received: Timestamp) {
        for beat in beats {
            var quality: Quality = beat.lost ? .contactLost : []
            if beat.repeated { quality.insert(.artefact) }
            pending.append(
                Sample(
                    metric: .rrInterval, value: beat.interval, time: Timestamp(milliseconds: beat.time),
                    received: received, source: id, quality: quality))
        }
    }

    // MARK: Sensors and files

    mutating func take(_ status: Status, from id: DeviceID, at received: Timestamp) {
        guard Self.isMoment(received) else { return }
        let index = device(id)
        devices[index].sensor.take(status)
        tell(index, at: received)
    }

    mutating func take(_ link: LinkState, of id: DeviceID, at time: Timestamp) {
        guard Self.isMoment(time) else { return }
        let index = device(id)
        devices[index].sensor.take(link)
        tell(index, at: time)
    }

    private mutating func tell(_ index: Int, at time: Timestamp) {
        let due = devices[index].sensor.due(at: time.milliseconds)
        let id = devices[index].id
        if let worn = due.worn {
            pending.append(Sample(metric: .worn, value: worn, time: time, received: time, source: id))
        }
        if let state = due.state {
            pending.append(Sample(metric: .sensorState, value: state, time: time, received: time, source: id))
        }
    }

    mutating func take(_ sample: Sample) {
        guard Self.isMoment(sample.time), Self.isMoment(sample.received) else {
            counts.foreignTime &+= 1
            return
        }
        guard sample.value.isFinite else {
            counts.notFinite &+= 1
            return
        }
        pending.append(sample)
        if sample.time > sample.received {
            counts.fromTheFuture &+= 1
            pending[pending.count - 1].time = sample.received
            pending[pending.count - 1].quality.insert(.estimatedTime)
        }
    }
}

extension Metric {
    /// Whether a sensor that is not worn makes its value worthless.
    var isOfBody: Bool {
        switch self {
        case .battery, .worn, .sensorLocation, .sensorState: false
        default: true
        }
    }
}
