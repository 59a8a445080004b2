/// Someone whose body the hub looks after.
public struct Person: Hashable, Sendable {
    public enum Sex: UInt8, Sendable { case female = 1, male = 2 }

    public var id: PersonID
    /// Short name, unique in the household; what people type.
    public var name: String
    /// IANA name of the zone that local days follow.
    public var zone: String
    /// First day of life, where given.
    public var born: LocalDay?
    public var sex: Sex?
    /// `en`, `zh-Hans` or `zh-Hant`: the language of texts for this person.
    public var language: String
    /// Known maximum; else estimated as 208 − 0.7 × age (Tanaka 2001, J Am Coll Cardiol 37:153).
    public var maxHeartRate: Double?
    /// Short words that rules may ask for, e.g. `beta_blocker`.
    public var facts: Set<String>
    public var limits: Limits
    public var plan: WeeklyPlan

    /// Bounds set by a clinician that no rule can exceed.
    public struct Limits: Hashable, Sendable {
        /// Beats per minute.
        public var maxHeartRate: Double?
        /// Share of heart-rate reserve, 0…1.
        public var maxIntensity: Double?
        /// Share by which a week's load may grow, 0…1.
        public var maxWeeklyIncrease: Double?

        public init(maxHeartRate: Double? = nil, maxIntensity: Double? = nil, maxWeeklyIncrease: Double? = nil) {
            self.maxHeartRate = maxHeartRate
            self.maxIntensity = maxIntensity
            self.maxWeeklyIncrease = maxWeeklyIncrease
        }
    }

    public init(
        id: PersonID, name: String, zone: String = "UTC", born: LocalDay? = nil, sex: Sex? = nil,
        language: String = "en", maxHeartRate: Double? = nil, facts: Set<String> = [], limits: Limits = Limits(),
        plan: WeeklyPlan = WeeklyPlan()
    ) {
        self.id = id
        self.name = name
        self.zone = zone
        self.born = born
        self.sex = sex
        self.language = language
        self.maxHeartRate = maxHeartRate
        self.facts = facts
        self.limits = limits
        self.plan = plan
    }
}

/// A source of readings: a wearable, a serial sensor, an imported file, or vitald's own detectors.
public struct Device: Hashable, Sendable {
    public var id: DeviceID
    /// Short name, unique in the household.
    public var name: String
    /// Id of its profile; `nil` for files and detectors.
    public var profile: String?
    /// Serial path or Bluetooth address it is found at.
    public var port: String?
    /// Of two devices for one person and metric the higher speaks; ties go to the one already speaking.
    public var priority: Int

    public init(id: DeviceID, name: String, profile: String? = nil, port: String? = nil, priority: Int = 0) {
        self.id = id
        self.name = name
        self.profile = profile
        self.port = port
        self.priority = priority
    }
}

/// Who wears a device, and when. A strap that changes hands changes nothing in the past.
public struct Assignment: Hashable, Sendable {
    public var device: DeviceID
    /// User slot on the device, for devices that tell their users apart.
    public var deviceUser: UInt8
    public var person: PersonID
    public var from: Timestamp
    public var to: Timestamp

    public init(
        device: DeviceID, deviceUser: UInt8 = 0, person: PersonID, from: Timestamp = .distantPast,
        to: Timestamp = .distantFuture
    ) {
        self.device = device
        self.deviceUser = deviceUser
        self.person = person
        self.from = from
        self.to = to
    }
}
