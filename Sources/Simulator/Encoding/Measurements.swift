import Vitals

/// Everything a sensor might measure of a synthetic person, at a moment.
///
/// Heart, steps and oxygen are the person's own. What the person does not have follows from them in a plausible, simple
/// way; none of it is a model of anything.
struct Measurements: Sendable {
    /// What counters have counted, as far as the person goes.
    struct Totals: Hashable, Sendable {
        var steps = 0
        var beats = 0
        /// Kilojoules.
        var energy = 0.0
    }

    /// Metres per step.
    static let stepLength = 0.75
    /// Metres per turn of a wheel of 28 inches.
    static let wheel = 2.1
    /// Cadence is that of so many seconds.
    static let cadenceWindow = 10
    /// A battery lasts so long when nothing is wrong with it.
    static let batteryLife = TimeSpan.days(3)
    /// Kilojoules a second at rest (1 kcal per kg and hour, 70 kg), and more for each beat above sixty.
    static let restingPower = 0.081
    static let powerPerBeat = 0.006

    private(set) var totals = Totals()
    /// Where counters that went back began.
    private(set) var base = Totals()
    private(set) var isWorn = true
    private(set) var now: Timestamp
    /// Beats since they were asked for last, oldest first, with their times.
    private(set) var newBeats: [SyntheticPerson.Beat] = []
    private var wearer: Wearer
    private let trouble: SensorTrouble
    private var average = BeatAverage(of: 8)
    private var recentSteps: [Int] = []
    private var reset: Timestamp
    private let zone: Zone
    private var lastBeat: SyntheticPerson.Beat?

    init(of person: SyntheticPerson, trouble: SensorTrouble, zone: Zone) {
        var person = person
        person.takenOff += trouble.contactLost
        wearer = Wearer(person)
        self.trouble = trouble
        self.zone = zone
        now = person.start
        reset =
            trouble.resetAt.map { person.start + $0 } ?? zone.start(of: zone.day(of: person.start) + 1)
    }

    var start: Timestamp { wearer.start }

    /// Lives on until just before `time`.
    mutating func live(to time: Timestamp) {
        newBeats.removeAll(keepingCapacity: true)
        while now < time {
            let next = min(time, now + .seconds(1) - TimeSpan(milliseconds: (now - start).milliseconds % 1000))
            wearer.live(to: now)
            let second = wearer.second
            isWorn = second.worn
            while let beat = wearer.beat(before: next - .milliseconds(1)) {
                totals.beats += 1
                average.add(beat.interval)
                lastBeat = beat
                newBeats.append(beat)
            }
            if !isWorn { average.removeAll() }
            totals.steps = second.steps
            if (next - start).milliseconds % 1000 == 0 {
                recentSteps.append(second.steps)
                if recentSteps.count > Self.cadenceWindow + 1 { recentSteps.removeFirst() }
                totals.energy += Self.restingPower + Self.powerPerBeat * max(second.heartRate - 60, 0)
            }
            now = next
            if now >= reset {
                base = totals
                reset = trouble.resetAt == nil ? zone.start(of: zone.day(of: now) + 1) : .distantFuture
            }
        }
    }

    /// Beats per minute as sensors show it, 0 while there is none.
    var heartRate: Double { Double(average.rate) }

    private var cadence: Double {
        guard let first = recentSteps.first, let last = recentSteps.last, recentSteps.count > 1 else { return 0 }
        return (Double(last - first) * 60 / Double(recentSteps.count - 1)).rounded()
    }

    private var battery: Double {
        let length = trouble.batteryFalls ? SensorTrouble.batteryPercent * 100 : Self.batteryLife
        let used = Double((now - start).milliseconds) * 100 / Double(length.milliseconds)
        return max(0, 100 - used).rounded(.up)
    }

    /// Whether a sensor off the body has nothing to say about the metric.
    static func needsContact(_ metric: Metric) -> Bool {
        switch metric {
        case .steps, .strides, .cadence, .speed, .distance, .energy, .strideLength, .wheelRevolutions,
            .crankRevolutions, .power, .beatCount, .battery, .worn, .sensorLocation, .sensorState, .weight:
            false
        default: true
        }
    }

    /// A level; `nil` where there is none, and for amounts.
    func level(_ metric: Metric) -> Double? {
        if Self.needsContact(metric), !isWorn || average.count == 0 { return nil }
        switch metric {
        case .heartRate: return heartRate
        case .spo2: return wearer.second.oxygenSaturation.rounded()
        case .perfusionIndex: return 3.2
        case .respirationRate: return (heartRate / 4.5).rounded()
        case .bodyTemperature: return 36.6
        case .bloodPressureSystolic: return (100 + heartRate * 0.3).rounded()
        case .bloodPressureDiastolic: return 78
        case .bloodPressureMean: return ((100 + heartRate * 0.3 + 2 * 78) / 3).rounded()
        case .glucose: return 95
        case .weight: return 70.4
        case .cadence: return cadence
        case .speed: return cadence / 60 * Self.stepLength
        case .strideLength: return 2 * Self.stepLength
        case .power: return 2 * cadence
        case .battery: return battery
        case .worn: return isWorn ? 1 : 0
        // A chest strap.
        case .sensorLocation: return 1
        default: return nil
        }
    }

    /// What has been counted of a metric; `nil` for levels.
    static func amount(_ metric: Metric, _ totals: Totals, less base: Totals = Totals()) -> Double? {
        let steps = Double(totals.steps - base.steps)
        switch metric {
        case .steps: return steps
        case .strides, .crankRevolutions: return (steps / 2).rounded(.down)
        case .distance: return steps * stepLength
        case .wheelRevolutions: return (steps * stepLength / wheel).rounded(.down)
        case .beatCount: return Double(totals.beats - base.beats)
        case .energy: return (totals.energy - base.energy).rounded(.down)
        default: return nil
        }
    }

    /// Microvolts of the heart's last beat, for samples so many milliseconds apart whose last is now.
    ///
    /// Waves as sums of bells around their places in the beat (after McSharry 2003, IEEE Trans Biomed Eng 50:289).
    func ecg(count: Int, interval: Double) -> [Double] {
        guard isWorn, let beat = lastBeat else { return [] }
        let waves: [(at: Double, height: Double, width: Double)] = [
            (-0.19, 110, 0.035), (-0.035, -120, 0.012), (0, 1100, 0.012), (0.035, -240, 0.012), (0.3, 260, 0.06),
        ]
        return (0..<count).map { index in
            let ago = interval * Double(count - 1 - index)
            var phase = (Double((now - beat.time).milliseconds) - ago) / beat.interval
            phase -= (phase + 0.4).rounded(.down)
            return waves.reduce(0) { sum, wave in
                let x = (phase - wave.at) / wave.width
                return sum + wave.height * max(0, 1 - x * x / 4)
            }.rounded()
        }
    }
}
