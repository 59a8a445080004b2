import Glibc
import Vitals

/// Somebody who does not exist, second by second: heart rate, heartbeats, steps.
///
/// The same seed, body, scenario and start give the same seconds, however and wherever they are asked for: two devices
/// on one person each carry a copy and agree (to the bit on one machine; the C library's `exp` may differ elsewhere). Made for tests and the demo; it is a plausible signal, not a study.
///
/// - Heart rate follows a first-order response to the activity's target, faster up than down. (First-order models of
///   running: Wang and Hunt 2021, BioMed Eng OnLine 20:83; recovery after light work with a time constant near a minute:
///   Wang, Su and Celler 2006, Proc. 28th IEEE EMBS.) Slow wander is an autoregressive process.
/// - The resting level follows the time of day, lowest about four in the morning (Degaute 1991, Hypertension 18:199).
/// - Heartbeat intervals carry respiratory sinus arrhythmia at 0.25 Hz, shrinking as the rate rises (Hirsch and Bishop
///   1981, Am J Physiol 241:H620).
/// - Cadence: moderate walking begins at 100 steps a minute (Tudor-Locke 2019, Int J Behav Nutr Phys Act 16:8).
public struct SyntheticPerson: Sendable {
    /// What the body is like.
    public struct Body: Hashable, Sendable {
        /// Beats per minute, awake and at rest in the afternoon.
        public var restingHeartRate: Double
        public var maxHeartRate: Double
        /// Time constants of the heart rate's rise and fall, seconds.
        public var riseTime: Double
        public var fallTime: Double
        /// Steps per minute.
        public var walkingCadence: Double
        public var runningCadence: Double
        /// Percent.
        public var oxygenSaturation: Double

        public init(
            restingHeartRate: Double = 62, maxHeartRate: Double = 180, riseTime: Double = 60, fallTime: Double = 90,
            walkingCadence: Double = 105, runningCadence: Double = 160, oxygenSaturation: Double = 97
        ) {
            self.restingHeartRate = restingHeartRate
            self.maxHeartRate = maxHeartRate
            self.riseTime = riseTime
            self.fallTime = fallTime
            self.walkingCadence = walkingCadence
            self.runningCadence = runningCadence
            self.oxygenSaturation = oxygenSaturation
        }
    }

    /// A heartbeat and the interval that led to it.
    public struct Beat: Hashable, Sendable {
        public var time: Timestamp
        /// Milliseconds since the beat before.
        public var interval: Double
    }

    /// One second of a life.
    public struct Second: Hashable, Sendable {
        public var start: Timestamp
        public var activity: Activity
        /// Beats per minute, before any sensor measured it.
        public var heartRate: Double
        /// The beats within this second, oldest first.
        public var beats: [Beat]
        /// Steps since the beginning, at the end of this second.
        public var steps: Int
        public var oxygenSaturation: Double
        /// Whether sensors are on the body.
        public var worn: Bool

        public var end: Timestamp { start + .seconds(1) }
    }

    public let body: Body
    public let scenario: Scenario
    public let start: Timestamp
    /// Local time less UTC, for the time of day.
    public let offset: TimeSpan
    /// Stretches, from the beginning, in which sensors are off the body whatever it does.
    public var takenOff: [Range<TimeSpan>] = []

    private var random: SeededRandom
    private var second: Int64 = 0
    private var heartRate: Double
    private var wander = 0.0
    private var nextBeat: Double
    private var interval: Double
    private var steps = 0.0
    private var burst = 0

    static let breathing = 0.25
    /// Share of the interval that breathing moves at rest: ±5 %, about 40 ms at 70 bpm.
    static let arrhythmia = 0.05
    /// Beats per minute between the day's mean and its extremes.
    static let circadianSwing = 5.0
    /// Milliseconds of white noise in the beats of a resting heart.
    static let beatNoise = 6.0

    public init(
        seed: UInt64, body: Body = Body(), scenario: Scenario = .everyday, start: Timestamp, offset: TimeSpan = .zero
    ) {
        self.body = body
        self.scenario = scenario
        self.start = start
        self.offset = offset
        random = SeededRandom(seed: seed)
        heartRate = 0
        nextBeat = 0
        interval = 800
        heartRate = target(of: scenario.activity(at: .zero), at: start)
        interval = 60_000 / heartRate
        nextBeat = interval
    }

    /// The next second.
    public mutating func live() -> Second {
        let now = start + .seconds(second)
        let activity = scenario.activity(at: .seconds(second))
        let target = target(of: activity, at: now)
        let time = target > heartRate ? riseTime(of: activity) : body.fallTime
        heartRate += (target - heartRate) * (1 - exp(-1 / time))
        // An autoregressive process with a time constant of 40 s and a standard deviation of about 2 bpm.
        wander = wander * 0.975 + 0.44 * random.normal()
        let felt = min(max(heartRate + wander * (1 - 0.6 * reserveShare), 25), 230)

        let beats = beats(until: Double(second + 1) * 1000, heartRate: felt)
        walk(activity)
        defer { second += 1 }
        let isOff = activity == .notWorn || takenOff.contains { $0.contains(.seconds(second)) }
        let saturation = body.oxygenSaturation + 0.4 * random.normal()
        return Second(
            start: now, activity: activity, heartRate: felt, beats: beats, steps: Int(steps),
            oxygenSaturation: min(max(saturation, 50), 100), worn: !isOff)
    }

    /// Share of heart-rate reserve in use, 0…1.
    private var reserveShare: Double {
        let reserve = max(body.maxHeartRate - body.restingHeartRate, 1)
        return min(max((heartRate - body.restingHeartRate) / reserve, 0), 1)
    }

    private func riseTime(of activity: Activity) -> Double {
        // A rhythm that sets in by itself does so within seconds.
        if case .tachycardia = activity { return 15 }
        return body.riseTime
    }

    private func target(of activity: Activity, at time: Timestamp) -> Double {
        let day = TimeSpan.days(1).milliseconds
        let local = (time + offset).milliseconds % day
        let phase = Double(local < 0 ? local + day : local) / Double(day)
        // Lowest at 04:00, highest at 16:00; the body's resting rate is that of the afternoon.
        let circadian = SyntheticPerson.circadianSwing * (-cos(2 * .pi * (phase - 4.0 / 24)) - 1)
        let rest = body.restingHeartRate + circadian
        let reserve = body.maxHeartRate - rest
        return switch activity {
        case .sleep: rest - 4
        case .sit, .notWorn: rest + 0.04 * reserve
        case .household: rest + 0.18 * reserve
        case .walk: rest + 0.30 * reserve
        case .run(let intensity): rest + min(max(intensity, 0), 1.05) * reserve
        case .tachycardia(let rate): min(max(rate, 25), 230)
        }
    }

    /// Beats up to `end` (milliseconds since the start).
    private mutating func beats(until end: Double, heartRate: Double) -> [Beat] {
        var beats: [Beat] = []
        while nextBeat < end {
            beats.append(Beat(time: start + .milliseconds(Int64(nextBeat)), interval: interval))
            let calm = (1 - reserveShare) * (1 - reserveShare)
            let breath = sin(2 * .pi * SyntheticPerson.breathing * nextBeat / 1000)
            interval = 60_000 / heartRate * (1 + SyntheticPerson.arrhythmia * calm * breath)
            interval += SyntheticPerson.beatNoise * (0.2 + 0.8 * calm) * random.normal()
            interval = max(interval, 250)
            nextBeat += interval
        }
        return beats
    }

    private mutating func walk(_ activity: Activity) {
        var cadence = 0.0
        switch activity {
        case .walk: cadence = body.walkingCadence + 3 * random.normal()
        case .run: cadence = body.runningCadence + 2 * random.normal()
        case .household:
            // A burst of some seconds every half minute or so.
            if burst == 0, random.uniform() < 1.0 / 30 { burst = 4 + Int(random.uniform() * 10) }
            if burst > 0 {
                burst -= 1
                cadence = 90
            }
        case .sleep, .sit, .tachycardia, .notWorn: burst = 0
        }
        steps += max(cadence, 0) / 60
    }
}
