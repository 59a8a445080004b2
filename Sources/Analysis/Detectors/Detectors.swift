import Vitals

/// Every detector of a person, as concrete values: a sample reaches them without an existential in between.
///
/// The order is that of closing; a detector of daily values runs again at the tick at which they were put, so that it
/// need not stand behind the detector that makes them.
struct Detectors: Sendable {
    var restingHeartRate = HeldDetector<RestingHeartRate>()
    var irregularRhythm = HeldDetector<IrregularRhythm>()
    var hrvNight = HeldDetector<HRVNight>()
    var restingHeartRateDay = HeldDetector<RestingHeartRateDay>()
    var sedentaryMinutes = HeldDetector<SedentaryMinutes>()
    var trainingLoad = HeldDetector<TrainingLoad>()
    var heartRateRecovery = HeldDetector<HeartRateRecovery>()
    var sensorFaults = HeldDetector<SensorFaults>()
    var nightSignal = HeldDetector<NightSignal.Stream>()
    var controlChart = HeldDetector<ControlChart>()
    var illnessCusum = HeldDetector<IllnessCusum.Stream>()
    var heartRateExcess = HeldDetector<HeartRateExcess>()
    var discord = HeldDetector<Discord>()

    /// The earliest deadline when `look` was called last; the largest number: nothing is due.
    private(set) var deadline = Int64.max
    /// States taken down and not yet given out.
    var unsaved: [ComponentState] = []
    /// From which tick on states may be due.
    private var nextRecord: Int64 = 0

    mutating func visit<Visitor: DetectorVisitor>(_ visitor: inout Visitor) {
        visitor.visit(&restingHeartRate)
        visitor.visit(&irregularRhythm)
        visitor.visit(&hrvNight)
        visitor.visit(&restingHeartRateDay)
        visitor.visit(&sedentaryMinutes)
        visitor.visit(&trainingLoad)
        visitor.visit(&heartRateRecovery)
        visitor.visit(&sensorFaults)
        visitor.visit(&nightSignal)
        visitor.visit(&controlChart)
        visitor.visit(&illnessCusum)
        visitor.visit(&heartRateExcess)
        visitor.visit(&discord)
    }
}

/// A detector and how far its saved state reaches.
struct HeldDetector<D: Detector>: Sendable {
    var detector = D()
    /// The tick at which the state last written stood; −1: none.
    var saved: Int64 = -1
}

/// Something done to each detector, whatever its type.
protocol DetectorVisitor {
    mutating func visit<D: Detector>(_ held: inout HeldDetector<D>)
}

extension Detectors {
    /// A state that changed quietly is written once in each quarter of an hour. What came in between
    /// is in the store, and given again after a restart (`PersonAnalysis.rebuild`).
    static let savingInterval: Int64 = 15 * 60_000
    /// Before the name in the component of its state.
    static let prefix = "detector/"

    /// Looks at all deadlines anew.
    mutating func look() {
        struct Earliest: DetectorVisitor {
            var deadline = Int64.max
            mutating func visit<D: Detector>(_ held: inout HeldDetector<D>) {
                if let own = held.detector.deadline { deadline = Swift.min(deadline, own) }
            }
        }
        var pass = Earliest()
        visit(&pass)
        deadline = pass.deadline
    }

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival, isAgain: Bool = false) {
        struct Taking: DetectorVisitor {
            let sample: Sample
            let arrival: Arrival
            let isAgain: Bool
            @inline(__always) mutating func visit<D: Detector>(_ held: inout HeldDetector<D>) {
                if isAgain, arrival.tick <= held.saved { return }
                held.detector.take(sample, arrival)
            }
        }
        var pass = Taking(sample: sample, arrival: arrival, isAgain: isAgain)
        visit(&pass)
    }

    /// Closes those whose deadline has come, and all of them where a session was completed.
    mutating func close(_ now: DetectorTick, isAgain: Bool = false) -> [DerivedValue] {
        struct Closing: DetectorVisitor {
            let now: DetectorTick
            let isAgain: Bool
            var found: [DerivedValue] = []
            mutating func visit<D: Detector>(_ held: inout HeldDetector<D>) {
                if isAgain, now.tick <= held.saved { return }
                guard now.session != nil || (held.detector.deadline ?? .max) <= now.tick else { return }
                held.detector.close(now, into: &found)
            }
        }
        var pass = Closing(now: now, isAgain: isAgain)
        visit(&pass)
        return pass.found
    }
}

// MARK: States

extension Detectors {
    /// Where in the quarter of an hour a person's states are taken down: not all at the same tick.
    private static func phase(of person: PersonID) -> Int64 {
        Int64(person.low % UInt64(savingInterval / SeriesPanes.fineLength)) * SeriesPanes.fineLength
    }

    /// Takes down the states that changed and are due: all of them when `isPressing`.
    ///
    /// Called when a tick was closed, so that what is written follows from the ticks, not from when commits happen.
    mutating func record(at tick: Int64, isPressing: Bool, person: PersonID) {
        guard isPressing || tick >= nextRecord else { return }
        let phase = Self.phase(of: person)
        struct Writing: DetectorVisitor {
            let tick: Int64
            let isPressing: Bool
            let person: PersonID
            let phase: Int64
            var states: [ComponentState] = []
            mutating func visit<D: Detector>(_ held: inout HeldDetector<D>) {
                let interval = Detectors.savingInterval
                guard held.detector.isChanged,
                    isPressing || (tick + phase) / interval > (held.saved + phase) / interval
                else { return }
                var writer = ByteWriter()
                writer.integer(tick)
                held.detector.write(to: &writer)
                states.append(
                    ComponentState(
                        person: person, component: Detectors.prefix + D.card.name, version: D.card.version,
                        bytes: writer.bytes))
                held.detector.isChanged = false
                held.saved = tick
            }
        }
        nextRecord = ((tick + phase) / Self.savingInterval + 1) * Self.savingInterval - phase
        var pass = Writing(tick: tick, isPressing: isPressing, person: person, phase: phase)
        visit(&pass)
        for state in pass.states {
            unsaved.removeAll { $0.component == state.component }
            unsaved.append(state)
        }
    }

    /// The states taken down since the last call.
    mutating func takeStates() -> [ComponentState] {
        defer { unsaved = [] }
        return unsaved
    }

    /// Puts a state back into its detector.
    ///
    /// - Returns: The detector's name when the state is of another version and was dropped.
    mutating func restore(_ state: ComponentState, lastTick: Int64) throws(WireError) -> String? {
        struct Reading: DetectorVisitor {
            let state: ComponentState
            let lastTick: Int64
            var failure: WireError?
            var dropped: String?
            mutating func visit<D: Detector>(_ held: inout HeldDetector<D>) {
                guard state.component == Detectors.prefix + D.card.name else { return }
                guard state.version == D.card.version else {
                    dropped = D.card.name
                    return
                }
                do throws(WireError) {
                    var reader = ByteReader(state.bytes)
                    let saved: Int64 = try reader.integer()
                    guard saved >= -1, saved <= Swift.max(lastTick, -1) else {
                        throw WireError(.malformed("a detector saved at \(saved)"), at: reader.offset)
                    }
                    held = HeldDetector(detector: try D(from: &reader), saved: saved)
                } catch { failure = error }
            }
        }
        var pass = Reading(state: state, lastTick: lastTick)
        visit(&pass)
        if let failure = pass.failure { throw failure }
        return pass.dropped
    }
}
