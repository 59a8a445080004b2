import Hub
import JSON5
import Storage
import Testing
import Vitals

@Suite("A configuration file")
struct ConfigurationTests {
    private static let good = """
        {
          hub: "cellar", store: "hub.db", profiles: "profiles", rules: ["rules", "/etc/vitald/Rules"],
          people: [ { name: "ada", zone: "Europe/Berlin", born: "1959-03-29", sex: "female", language: "zh-Hans",
                      limits: { max_heart_rate: 140 },
                      plan: { sessions: [ { day: "fri", activity: "walk", minutes: 30, intensity: [0.4, 0.6] } ] } } ],
          devices: [ { name: "finger", profile: "contec.cms50.legacy", port: "/dev/ttyUSB0", person: "ada" } ],
        }
        """

    @Test("is read with its people, plans and devices; relative paths start at its folder")
    func goodFile() throws {
        let configuration = try Configuration.parse(Self.good, file: "/home/hub/vitald.json5")
        #expect(configuration.storePath == "/home/hub/hub.db")
        #expect(configuration.ruleFolders == ["/home/hub/rules", "/etc/vitald/Rules"])
        let ada = try #require(configuration.people.first)
        #expect(ada.language == "zh-Hans" && ada.limits.maxHeartRate == 140)
        #expect(
            ada.plan.sessions == [
                PlannedSession(weekday: 5, activity: "walk", minutes: 30, intensity: 0.4...0.6)
            ])
        #expect(
            configuration.assignments == [
                Assignment(device: DeviceID(derivedFrom: "finger"), person: PersonID(derivedFrom: "ada"))
            ])
    }

    @Test(
        "asks for stored data of seven days, unless it says how far back, or not to",
        arguments: [
            ("", TimeSpan.days(7)), (", history: true", .days(7)), (", history: false", .zero),
            (", history: \"36h\"", .hours(36)),
        ])
    func history(said: String, meant: TimeSpan) throws {
        let text = Self.good.replacing("person: \"ada\"", with: "person: \"ada\"\(said)")
        let configuration = try Configuration.parse(text, file: "vitald.json5")
        #expect(configuration.history(of: "finger") == meant)
    }

    @Test("says how long measurements are kept, of whom and of what; later lines win")
    func retention() throws {
        let text = Self.good.replacing(
            "store: \"hub.db\",",
            with: """
                store: "hub.db", retention: [
                    { keep: "raw 1y, 15m forever" }, { person: "ada", metric: "heart_rate", keep: "raw forever" } ],
                """)
        let rules = try Configuration.parse(text, file: "vitald.json5").retention
        let (ada, ben) = (PersonID(derivedFrom: "ada"), PersonID(derivedFrom: "ben"))
        func kept(_ person: PersonID, _ metric: Metric) -> TimeSpan? {
            rules.retention(of: SeriesKey(person: person, metric: metric, source: DeviceID(derivedFrom: "d"))).samples
        }
        #expect(kept(ada, .heartRate) == nil && kept(ben, .heartRate) == .days(365) && kept(ada, .steps) == .days(365))
        #expect(kept(ada, .restingHeartRate) == nil)
    }

    @Test(
        "says how long and how much is kept for followers: a day and 256 MB, unless it says otherwise",
        arguments: [
            ("", FeedLimits(age: .days(1), bytes: 256 << 20)),
            ("feed: { keep: \"36h\" },", FeedLimits(age: .hours(36), bytes: 256 << 20)),
            ("feed: { most: \"64MB\" },", FeedLimits(age: .days(1), bytes: 64 << 20)),
            ("feed: { keep: \"0s\", most: \"2GB\" },", FeedLimits(age: .zero, bytes: 2 << 30)),
        ])
    func feed(said: String, meant: FeedLimits) throws {
        let text = Self.good.replacing("store: \"hub.db\",", with: "store: \"hub.db\", \(said)")
        #expect(try Configuration.parse(text, file: "vitald.json5").feed == meant)
    }

    @Test(
        "names line, column and the nearest known name of what is wrong",
        arguments: [
            ("store:", "stor:", "2:18: unknown key 'stor'", "store"),
            ("Europe/Berlin", "Europe/Berlni", "3:34:", "Europe/Berlin"),
            ("\"fri\"", "\"fry\"", "5:42:", "fri"),
            ("1959-03-29", "29.3.1959", "3:57: expected a date", "1957-04-02"),
            ("person: \"ada\"", "person: \"adda\"", "6:", "ada"),
            ("[0.4, 0.6]", "[0.6, 0.4]", "5:", "below"),
            ("person: \"ada\"", "person: \"ada\", history: \"soon\"", "6:", "like \"7d\""),
            ("store: \"hub.db\",", "store: \"hub.db\", retention: [{ keep: \"raw 3d\" }],", "2:", "7d or more"),
            ("store: \"hub.db\",", "store: \"hub.db\", feed: { keep: \"400d\" },", "2:", "0s to 366d"),
            ("store: \"hub.db\",", "store: \"hub.db\", feed: { most: \"256\" },", "2:", "like \"256MB\""),
            ("store: \"hub.db\",", "store: \"hub.db\", feed: { most: \"0MB\" },", "2:", "1MB to"),
            ("store: \"hub.db\",", "store: \"hub.db\", feed: { most: \"9223372036854775807GB\" },", "2:", "1MB to"),
            ("store: \"hub.db\",", "store: \"hub.db\", feed: { moost: \"1GB\" },", "2:", "most"),
            ("/dev/ttyUSB0", "usb:10c4", "6:", "like usb:10c4:ea60"),
            ("name: \"ada\",", "name: \"ada\", commit: \"1s\",", "3:28: unknown key 'commit'", "known keys: name"),
        ])
    func badFiles(old: String, new: String, place: String, hint: String) throws {
        let text = Self.good.replacing(old, with: new)
        let error = #expect(throws: JSONError.self) { try Configuration.parse(text, file: "vitald.json5") }
        let message = "\(try #require(error))"
        #expect(message.hasPrefix("vitald.json5:\(place)") && message.contains(hint), "\(message)")
        #expect(message.contains("^"))
    }

    private static let bluetooth = Self.good.replacing("port: \"/dev/ttyUSB0\"", with: "address: \"C0:11:22:33:44:55\"")

    @Test(
        "takes a Bluetooth device by its address, its advertised name, or whichever there is",
        arguments: ["C0:11:22:33:44:55", "c0:11:22:33:44:55 random", "name:Polar H10 9A2B1C2D", "auto"])
    func address(text: String) throws {
        let configuration = try Configuration.parse(
            Self.bluetooth.replacing("C0:11:22:33:44:55", with: text), file: "vitald.json5")
        #expect(configuration.devices.map(\.port) == [text])
    }

    @Test(
        "says what an address looks like, and where a wrong one stands",
        arguments: [
            ("C0:11:22:33:44:55", "C0:11:22:33:44", "expected an address like"),
            ("C0:11:22:33:44:55", "C0:11:22:33:44:5G", "vitald devices scan"),
            ("C0:11:22:33:44:55", "C0:11:22:33:44:55 static", "public or random"),
            ("C0:11:22:33:44:55", "name:", "expected an address like"),
            ("address: ", "port: \"auto\", address: ", "not both"),
        ])
    func badAddress(old: String, new: String, hint: String) throws {
        let text = Self.bluetooth.replacing(old, with: new)
        let error = #expect(throws: JSONError.self) { try Configuration.parse(text, file: "vitald.json5") }
        let message = "\(try #require(error))"
        #expect(message.hasPrefix("vitald.json5:6:") && message.contains(hint), "\(message)")
    }
}
