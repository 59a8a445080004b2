import Vitals

/// The afternoon that `vitald demo` shows: two people, four sensors, four incidents.
///
/// - ada, 67, sits through the afternoon with an oximeter on her finger and a step counter at her belt: a reminder after
///   an hour of sitting. After 80 minutes her heart beats at 135 for half an hour, then settles.
/// - ben, 34, walks to warm up and runs half an hour far above the range his plan gives, then recovers slowly: his next
///   session is eased. Later his pulse sensor is unplugged for ten minutes.
public struct DemoScenario: Sendable {
    /// Something the viewer should see happen.
    public struct Incident: Hashable, Sendable {
        /// Since the beginning.
        public var at: TimeSpan
        public var person: String
        public var what: String
    }

    public let start: Timestamp
    /// Local time less UTC.
    public let offset: TimeSpan
    /// Where the devices' links are.
    public let directory: String
    public let people: [Person]
    public let devices: [Device]
    public let assignments: [Assignment]

    /// How long the afternoon lasts.
    public static let length = TimeSpan.minutes(160)
    /// Hub seconds per second of wall time: 160 minutes in 32 s.
    public static let speed: Double = 300
    /// Wall time between two looks at the clock: 0.6 s of hub time, less than the second between two lines of a step counter.
    static let everyMilliseconds = 2
    static let seed: UInt64 = 20_260_603

    /// 3 June 2026, a Wednesday.
    public static let day = LocalDay(number: 20_607)
    /// Noon UTC of it: when described devices begin unless told otherwise.
    public static let noon = Zone.utc.timestamp(day: day, timeOfDay: .hours(12))
    public static let zoneName = "Europe/Berlin"
    static let startOfDay = TimeSpan.hours(14)

    static let adaResting = 66.0
    static let benResting = 58.0
    static let benMax = 184.0

    /// - Parameters:
    ///   - zone: the people's zone (`zoneName`, or UTC where zone files are missing).
    ///   - directory: an existing folder for the devices' links.
    ///   - personID, deviceID: the ids of names, derived as everywhere in demo and replay.
    public init(
        zone: Zone, day: LocalDay = DemoScenario.day, directory: String, personID: (String) -> PersonID,
        deviceID: (String) -> DeviceID
    ) {
        start = zone.timestamp(day: day, timeOfDay: DemoScenario.startOfDay)
        offset = zone.offset(at: start)
        self.directory = directory
        func everyDay(_ activity: String, _ minutes: Double, _ intensity: ClosedRange<Double>) -> WeeklyPlan {
            WeeklyPlan(
                sessions: (1...7).map {
                    PlannedSession(weekday: $0, activity: activity, minutes: minutes, intensity: intensity)
                }, stepsGoal: 6000)
        }
        people = [
            Person(
                id: personID("ada"), name: "ada", zone: zone.name, born: LocalDay(number: -3930), sex: .female,
                limits: Person.Limits(maxHeartRate: 140, maxIntensity: 0.6),
                plan: everyDay("walk", 20, 0.3...0.5)),
            Person(
                id: personID("ben"), name: "ben", zone: zone.name, born: LocalDay(number: 8095), sex: .male,
                maxHeartRate: DemoScenario.benMax, plan: everyDay("run", 30, 0.5...0.7)),
        ]
        let sensors: [(name: String, sensor: VirtualSensor, person: String)] = [
            ("ada-oximeter", .cms50, "ada"), ("ada-steps", .diyLines, "ada"),
            ("ben-pulse", .pulseSensor, "ben"), ("ben-steps", .diyLines, "ben"),
        ]
        devices = sensors.map {
            Device(
                id: deviceID($0.name), name: $0.name, profile: $0.sensor.profile, port: "\(directory)/\($0.name)")
        }
        assignments = sensors.map { Assignment(device: deviceID($0.name), person: personID($0.person)) }
    }

    /// What will happen, in order of time.
    public static let incidents: [Incident] = [
        Incident(at: .minutes(4), person: "ada", what: "sits down for the afternoon"),
        Incident(at: .minutes(12), person: "ben", what: "warms up, then runs far above his planned range"),
        Incident(at: .minutes(52), person: "ben", what: "stops running and recovers slowly"),
        Incident(at: .minutes(80), person: "ada", what: "heart rate rises to 135 while she sits"),
        Incident(at: .minutes(110), person: "ada", what: "heart rate settles"),
        Incident(at: pulseOutage.0, person: "ben", what: "pulse sensor unplugged"),
        Incident(at: pulseOutage.1, person: "ben", what: "pulse sensor plugged in again"),
    ]

    static let pulseOutage = (TimeSpan.minutes(120), TimeSpan.minutes(130))

    static let ada = Scenario([
        .init(.walk, for: .minutes(2)), .init(.household, for: .minutes(2)), .init(.sit, for: .minutes(76)),
        .init(.tachycardia(rate: 135), for: .minutes(30)), .init(.sit, for: .hours(24)),
    ])

    static let ben = Scenario([
        .init(.sit, for: .minutes(12)), .init(.walk, for: .minutes(10)),
        .init(.run(intensity: 0.93), for: .minutes(30)), .init(.sit, for: .hours(24)),
    ])

    /// The simulated people, by name.
    public func person(_ name: String) -> SyntheticPerson {
        name == "ada"
            ? SyntheticPerson(
                seed: DemoScenario.seed,
                body: .init(restingHeartRate: DemoScenario.adaResting, maxHeartRate: 161, oxygenSaturation: 96),
                scenario: DemoScenario.ada, start: start, offset: offset)
            : SyntheticPerson(
                seed: DemoScenario.seed &+ 1,
                // Falls with a time constant of ten minutes: a hard day.
                body: .init(
                    restingHeartRate: DemoScenario.benResting, maxHeartRate: DemoScenario.benMax, fallTime: 600),
                scenario: DemoScenario.ben, start: start, offset: offset)
    }

    /// The four sensors, not yet started, with the outage of ben's pulse sensor built in.
    public func virtualDevices(now: @escaping @Sendable () -> Timestamp) -> [VirtualDevice] {
        let outage = TimeRange(start + DemoScenario.pulseOutage.0, start + DemoScenario.pulseOutage.1)
        let encoders: [(String, any SensorEncoder, [TimeRange])] = [
            ("ada-oximeter", CMS50Encoder(wearer: person("ada")), []),
            ("ada-steps", DIYLinesEncoder(wearer: person("ada"), keys: [.steps, .battery]), []),
            ("ben-pulse", PulseSensorEncoder(wearer: person("ben")), [outage]),
            ("ben-steps", DIYLinesEncoder(wearer: person("ben"), keys: [.steps, .battery]), []),
        ]
        return encoders.map { name, encoder, outages in
            VirtualDevice(
                name: name, encoder: encoder, link: "\(directory)/\(name)",
                everyMilliseconds: DemoScenario.everyMilliseconds, outages: outages, now: now)
        }
    }
}
