import Hub
import Vitals

/// The people, sensors and shipped files that benchmarks run with.
struct BenchHousehold {
    /// What a person wears.
    enum Sensor: String {
        /// Samples come ready, as from a file.
        case none
        case chestStrap = "ble.hrs"
        case oximeter = "contec.cms50.legacy"
    }

    /// Tells steps; its own heart rate is left unused.
    private static let watchProfile = "pine64.infinitime"
    static let watchInput = "steps"

    /// 3 June 2026, a Wednesday, 00:00 in Berlin.
    static let start = Timestamp(milliseconds: 1_780_437_600_000)

    let configured: Configured
    let people: [PersonID]
    /// The sensor of each person, beside `people`.
    let sensors: [DeviceID]
    /// The step counter of each person, beside `people`.
    let watches: [DeviceID]

    init(people count: Int, sensor: Sensor, profiles: [Configured.File], rules: [Configured.File]) {
        var people: [Person] = []
        var devices: [Device] = []
        var assignments: [Assignment] = []
        var sensors: [DeviceID] = []
        var watches: [DeviceID] = []
        for number in 0..<count {
            let name = "person-\(number)"
            let person = Person(
                id: PersonID(derivedFrom: name), name: name, zone: "Europe/Berlin", born: LocalDay("1959-03-29"),
                plan: WeeklyPlan(
                    sessions: (1...7).map {
                        PlannedSession(weekday: $0, activity: "walk", minutes: 30, intensity: 0.4...0.6)
                    }, stepsGoal: 6000))
            people.append(person)
            let own = [
                Device(
                    id: DeviceID(derivedFrom: "sensor-\(number)"), name: "sensor-\(number)",
                    profile: sensor == .none ? nil : sensor.rawValue),
                Device(
                    id: DeviceID(derivedFrom: "watch-\(number)"), name: "watch-\(number)",
                    profile: sensor == .none ? nil : BenchHousehold.watchProfile),
            ]
            devices += own
            assignments += own.map { Assignment(device: $0.id, person: person.id) }
            sensors.append(own[0].id)
            watches.append(own[1].id)
        }
        self.people = people.map(\.id)
        self.sensors = sensors
        self.watches = watches
        configured = Configured(
            people: people, devices: devices, assignments: assignments, profiles: profiles, rules: rules)
    }

    func pipeline() throws -> Pipeline {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "bench"), configured: configured)
        if let problem = pipeline.problems.first { throw CommandError.failed(problem) }
        return pipeline
    }
}
