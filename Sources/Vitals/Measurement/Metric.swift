/// What is measured. A closed set: each metric has one unit, one plausible range and one kind for the whole project.
///
/// Raw values are stored in files and must never be reused or renumbered; names are what rule files, the command
/// line and the store's views show. LOINC codes: loinc.org; units: UCUM.
public enum Metric: UInt16, CaseIterable, Sendable, Hashable {
    // Hearts
    case heartRate = 1
    case rrInterval = 2
    case beatCount = 3
    case ecg = 4
    // Movement
    case steps = 10
    case strides = 11
    case cadence = 12
    case speed = 13
    case distance = 14
    case energy = 15
    case strideLength = 16
    case wheelRevolutions = 17
    case crankRevolutions = 18
    case power = 19
    // Blood, breath, body
    case spo2 = 30
    case perfusionIndex = 31
    case bloodPressureSystolic = 32
    case bloodPressureDiastolic = 33
    case bloodPressureMean = 34
    case bodyTemperature = 35
    case weight = 36
    case respirationRate = 37
    case glucose = 38
    // The sensor itself
    case battery = 50
    case worn = 51
    case sensorLocation = 52
    case sensorState = 53
    // Derived series (DESIGN §7)
    case restingHeartRate = 100
    case restingHeartRateDay = 101
    case hrvNight = 102
    case nightSignal = 103
    case illnessCusum = 104
    case irregularRhythm = 105
    case hrExcess = 106
    case hrRecovery60 = 107
    case trainingLoad = 108
    case fitness = 109
    case fatigue = 110
    case form = 111
    case zoneMinutes = 112
    case sedentaryMinutes = 113
    case discord = 114
    case controlChart = 115
    case illnessAlarm = 116
    case controlCusum = 117
    case controlScore = 118
}

extension Metric {
    /// How values of a metric behave in time.
    public enum Kind: Sendable {
        /// A level at a moment (heart rate, temperature).
        case gauge
        /// An amount over a span (steps): sums, spreads evenly over its span.
        case increment
        /// One value per heartbeat.
        case beat
        /// A code that holds until the next one (worn, sensor location).
        case state
        /// One value per local day, computed by vitald.
        case daily
    }

    private struct Definition {
        let name: String
        let unit: String
        let plausible: ClosedRange<Float>
        var loinc: String? = nil
    }

    /// Snake-case name, as rule files and the command line write it.
    public var name: String { definition.name }
    /// UCUM unit; `1` for plain numbers, `{code}` for states.
    public var unit: String { definition.unit }
    /// Asked of every sample, so it has its own switch.
    @inlinable public var kind: Kind {
        switch self {
        case .beatCount, .steps, .strides, .distance, .energy, .wheelRevolutions, .crankRevolutions: .increment
        case .rrInterval: .beat
        case .worn, .sensorLocation, .sensorState: .state
        case .restingHeartRate, .restingHeartRateDay, .hrvNight, .nightSignal, .trainingLoad, .fitness, .fatigue, .form,
            .zoneMinutes, .sedentaryMinutes, .discord, .controlChart, .controlCusum, .controlScore:
            .daily
        case .heartRate, .ecg, .cadence, .speed, .strideLength, .power, .spo2, .perfusionIndex, .bloodPressureSystolic,
            .bloodPressureDiastolic, .bloodPressureMean, .bodyTemperature, .weight, .respirationRate, .glucose,
            .battery, .illnessCusum, .illnessAlarm, .irregularRhythm, .hrExcess, .hrRecovery60:
            .gauge
        }
    }
    /// Values outside are kept, flagged `implausible`, and never reach a feature.
    public var plausible: ClosedRange<Float> { definition.plausible }
    /// LOINC code, where one exists.
    public var loinc: String? { definition.loinc }

    /// The metric with that snake-case name.
    public init?(name: String) {
        guard let metric = Metric.byName[name] else { return nil }
        self = metric
    }

    private static let byName = Dictionary(uniqueKeysWithValues: Metric.allCases.map { ($0.name, $0) })

    private var definition: Definition {
        switch self {
        case .heartRate: .init(name: "heart_rate", unit: "/min", plausible: 20...250, loinc: "8867-4")
        case .rrInterval: .init(name: "rr_interval", unit: "ms", plausible: 240...3000, loinc: "80404-7")
        case .beatCount: .init(name: "beat_count", unit: "1", plausible: 0...100_000)
        case .ecg: .init(name: "ecg", unit: "uV", plausible: -50_000...50_000)
        case .steps: .init(name: "steps", unit: "1", plausible: 0...20_000, loinc: "55423-8")
        case .strides: .init(name: "strides", unit: "1", plausible: 0...10_000)
        case .cadence: .init(name: "cadence", unit: "/min", plausible: 0...300)
        case .speed: .init(name: "speed", unit: "m/s", plausible: 0...40)
        case .distance: .init(name: "distance", unit: "m", plausible: 0...100_000)
        case .energy: .init(name: "energy", unit: "kJ", plausible: 0...20_000)
        case .strideLength: .init(name: "stride_length", unit: "m", plausible: 0...4)
        case .wheelRevolutions:
            .init(name: "wheel_revolutions", unit: "1", plausible: 0...100_000)
        case .crankRevolutions:
            .init(name: "crank_revolutions", unit: "1", plausible: 0...20_000)
        case .power: .init(name: "power", unit: "W", plausible: 0...2500)
        case .spo2: .init(name: "spo2", unit: "%", plausible: 50...100, loinc: "59408-5")
        case .perfusionIndex: .init(name: "perfusion_index", unit: "%", plausible: 0...30)
        case .bloodPressureSystolic:
            .init(name: "blood_pressure_systolic", unit: "mm[Hg]", plausible: 40...300, loinc: "8480-6")
        case .bloodPressureDiastolic:
            .init(name: "blood_pressure_diastolic", unit: "mm[Hg]", plausible: 20...200, loinc: "8462-4")
        case .bloodPressureMean:
            .init(name: "blood_pressure_mean", unit: "mm[Hg]", plausible: 30...250, loinc: "8478-0")
        case .bodyTemperature:
            .init(name: "body_temperature", unit: "Cel", plausible: 25...45, loinc: "8310-5")
        case .weight: .init(name: "weight", unit: "kg", plausible: 1...500, loinc: "29463-7")
        case .respirationRate:
            .init(name: "respiration_rate", unit: "/min", plausible: 2...80, loinc: "9279-1")
        case .glucose: .init(name: "glucose", unit: "mg/dL", plausible: 10...800, loinc: "2339-0")
        case .battery: .init(name: "battery", unit: "%", plausible: 0...100)
        case .worn: .init(name: "worn", unit: "{code}", plausible: 0...1)
        case .sensorLocation: .init(name: "sensor_location", unit: "{code}", plausible: 0...255)
        case .sensorState: .init(name: "sensor_state", unit: "{code}", plausible: 0...255)
        case .restingHeartRate:
            .init(name: "resting_heart_rate", unit: "/min", plausible: 20...200, loinc: "40443-4")
        case .restingHeartRateDay:
            .init(name: "resting_heart_rate_day", unit: "/min", plausible: 20...200)
        case .hrvNight: .init(name: "hrv_night", unit: "ms", plausible: 0...500, loinc: "80404-7")
        case .nightSignal: .init(name: "night_signal", unit: "{code}", plausible: 0...2)
        case .illnessCusum: .init(name: "illness_cusum", unit: "1", plausible: 0...100_000)
        case .illnessAlarm: .init(name: "illness_alarm", unit: "{code}", plausible: 0...2)
        case .irregularRhythm: .init(name: "irregular_rhythm", unit: "1", plausible: 0...1)
        case .hrExcess: .init(name: "hr_excess", unit: "/min", plausible: -200...200)
        case .hrRecovery60: .init(name: "hr_recovery_60", unit: "/min", plausible: -100...150)
        case .trainingLoad: .init(name: "training_load", unit: "1", plausible: 0...2000)
        case .fitness: .init(name: "fitness", unit: "1", plausible: 0...2000)
        case .fatigue: .init(name: "fatigue", unit: "1", plausible: 0...2000)
        case .form: .init(name: "form", unit: "1", plausible: -2000...2000)
        case .zoneMinutes: .init(name: "zone_minutes", unit: "min", plausible: 0...1440)
        case .sedentaryMinutes: .init(name: "sedentary_minutes", unit: "min", plausible: 0...1440)
        case .discord: .init(name: "discord", unit: "1", plausible: 0...1000)
        case .controlChart: .init(name: "control_chart", unit: "1", plausible: -1000...1000)
        case .controlCusum: .init(name: "control_cusum", unit: "1", plausible: -1000...1000)
        case .controlScore: .init(name: "control_score", unit: "1", plausible: -1000...1000)
        }
    }

    /// The labels of a state metric's codes, code by position; empty for other metrics.
    public var labels: [String] {
        switch self {
        case .worn: ["off", "on"]
        case .sensorLocation: ["other", "chest", "wrist", "finger", "hand", "ear_lobe", "foot"]
        case .sensorState:
            ["ok", "off_body", "poor_contact", "flat_line", "cadence_lock", "stale", "disconnected", "late"]
        default: []
        }
    }
}
