import JSON5
import Links
import Storage
import Vitals

/// Reads the people, devices and places of a configuration file.
struct ConfigurationParser {
    let document: JSONDocument
    let folder: String

    func parse() throws(JSONError) -> Configuration {
        let root = try document.reader.object(known: [
            "hub", "store", "key_file", "socket", "profiles", "rules", "commit", "people", "devices", "secrets",
            "retention", "feed",
        ])
        let people = try (root.optionalArray("people") ?? []).map { reader throws(JSONError) in try person(reader) }
        try unique(people.map(\.name), "people", in: root)
        var devices: [Device] = []
        var assignments: [Assignment] = []
        var history: [String: TimeSpan] = [:]
        for reader in try root.optionalArray("devices") ?? [] {
            let (device, assignment) = try device(reader, people: people)
            devices.append(device)
            assignments.append(assignment)
            history[device.name] = try self.history(reader)
        }
        try unique(devices.map(\.name), "devices", in: root)
        let commit = try root.optional("commit").map { reader throws(JSONError) in try span(reader) } ?? .seconds(1)
        guard Configuration.commitBounds.contains(commit) else {
            throw try root.required("commit").error("commit must be 1s to 30s")
        }
        return Configuration(
            hubName: try root.optionalString("hub") ?? "home",
            storePath: absolute(try root.string("store")),
            keyFile: try root.optionalString("key_file").map(absolute),
            socketPath: try root.optionalString("socket").map(absolute) ?? Configuration.defaultSocketPath,
            profileFolders: try folders(root, "profiles"), ruleFolders: try folders(root, "rules"),
            commitInterval: commit, people: people, devices: devices, assignments: assignments,
            secrets: try secrets(root), history: history, retention: try retention(root, people),
            feed: try feed(root))
    }

    private func feed(_ root: JSONReader) throws(JSONError) -> FeedLimits {
        var limits = FeedLimits()
        guard let it = try root.optionalObject("feed", known: ["keep", "most"]) else { return limits }
        if let keep = try it.optional("keep") {
            limits.age = try span(keep)
            guard Configuration.feedAgeBounds.contains(limits.age) else { throw keep.error("keep must be 0s to 366d") }
        }
        if let most = try it.optional("most") { limits.bytes = try size(most) }
        return limits
    }

    /// Bytes, of whole MB or GB.
    private func size(_ reader: JSONReader) throws(JSONError) -> Int {
        let text = try reader.string()
        for (unit, megabytes) in [("MB", 1), ("GB", 1024)] where text.hasSuffix(unit) {
            guard let number = Int(text.dropLast(2)), Configuration.feedSizeBounds.contains(number),
                Configuration.feedSizeBounds.contains(number * megabytes)
            else { break }
            return number * megabytes << 20
        }
        throw reader.error("expected a size like \"256MB\" or \"2GB\", 1MB to 976GB")
    }

    private func retention(_ root: JSONReader, _ people: [Person]) throws(JSONError) -> [RetentionRule] {
        try (root.optionalArray("retention") ?? []).map { reader throws(JSONError) in
            let it = try reader.object(known: ["person", "metric", "keep"])
            let person = try it.optionalOneOf("person", allowed: people.map(\.name))
            let metric = try it.optionalOneOf("metric", allowed: Metric.allCases.map(\.name))
            let text = try it.string("keep")
            let keep: Retention
            do throws(Retention.Problem) { keep = try Retention(text) } catch {
                throw try it.required("keep").error(error.message)
            }
            return RetentionRule(
                person: person.flatMap { name in people.first { $0.name == name }?.id },
                metric: metric.flatMap(Metric.init(name:)), keep: keep)
        }
    }

    private func secrets(_ root: JSONReader) throws(JSONError) -> [String: String] {
        var secrets: [String: String] = [:]
        for member in try root.optional("secrets")?.members() ?? [] {
            secrets[member.key] = try member.reader.string()
        }
        return secrets
    }

    private func folders(_ root: JSONReader, _ key: String) throws(JSONError) -> [String] {
        let reader = try root.required(key)
        if let one = try? reader.string() { return [absolute(one)] }
        return try reader.stringList().map(absolute)
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }

    private func unique(_ names: [String], _ key: String, in root: JSONReader) throws(JSONError) {
        var seen: Set<String> = []
        for (i, name) in names.enumerated() where !seen.insert(name).inserted {
            throw try root.array(key)[i].required("name").error("two of \(key) are called \"\(name)\"")
        }
    }

    // MARK: People

    private func person(_ reader: JSONReader) throws(JSONError) -> Person {
        let it = try reader.object(known: [
            "name", "id", "zone", "born", "sex", "language", "max_heart_rate", "facts", "limits", "plan",
        ])
        let name = try shortName(it.required("name"))
        let id = try it.optional("id").map { reader throws(JSONError) -> PersonID in try self.id(reader) }
        var person = Person(id: id ?? PersonID(derivedFrom: name), name: name)
        if let zone = try it.optional("zone") {
            person.zone = try zone.string()
            do { _ = try Zone(named: person.zone) } catch { throw zone.error("\(error)") }
        }
        if let born = try it.optional("born") {
            guard let day = LocalDay(try born.string()) else {
                throw born.error("expected a date like \"1957-04-02\"")
            }
            person.born = day
        }
        person.sex = try it.optionalOneOf("sex", allowed: ["female", "male"]).map { $0 == "female" ? .female : .male }
        person.language = try it.optionalOneOf("language", allowed: ["en", "zh-Hans", "zh-Hant"]) ?? "en"
        person.maxHeartRate = try it.optionalNumber("max_heart_rate", in: 80...250)
        person.facts = Set(try it.optionalStringList("facts") ?? [])
        if let limits = try it.optionalObject(
            "limits", known: ["max_heart_rate", "max_intensity", "max_weekly_increase"])
        {
            person.limits = Person.Limits(
                maxHeartRate: try limits.optionalNumber("max_heart_rate", in: 40...250),
                maxIntensity: try limits.optionalNumber("max_intensity", in: 0...1),
                maxWeeklyIncrease: try limits.optionalNumber("max_weekly_increase", in: 0...1))
        }
        if let plan = try it.optionalObject("plan", known: ["steps_goal", "sessions"]) {
            person.plan = WeeklyPlan(
                sessions: try (plan.optionalArray("sessions") ?? []).map { reader throws(JSONError) in
                    try session(reader)
                },
                stepsGoal: try plan.optionalInteger("steps_goal", in: 0...200_000))
        }
        return person
    }

    private static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    private func session(_ reader: JSONReader) throws(JSONError) -> PlannedSession {
        let it = try reader.object(known: ["day", "activity", "minutes", "intensity"])
        let day = try it.oneOf("day", allowed: Self.weekdays)
        let bounds = try it.array("intensity")
        guard bounds.count == 2 else {
            throw try it.required("intensity").error("expected two shares of heart-rate reserve, like [0.5, 0.7]")
        }
        let low = try bounds[0].number(in: 0...1)
        let high = try bounds[1].number(in: 0...1)
        guard low <= high else { throw bounds[1].error("the upper share is below the lower one") }
        return PlannedSession(
            weekday: (Self.weekdays.firstIndex(of: day) ?? 0) + 1, activity: try it.string("activity"),
            minutes: try it.number("minutes", in: 1...1440), intensity: low...high)
    }

    // MARK: Devices

    private func device(_ reader: JSONReader, people: [Person]) throws(JSONError) -> (Device, Assignment) {
        let it = try reader.object(known: [
            "name", "id", "profile", "port", "address", "person", "priority", "user", "history",
        ])
        let name = try shortName(it.required("name"))
        let id = try it.optional("id").map { reader throws(JSONError) -> DeviceID in try self.id(reader) }
        let device = Device(
            id: id ?? DeviceID(derivedFrom: name), name: name, profile: try it.string("profile"),
            port: try place(it), priority: try it.optionalInteger("priority", in: -100...100) ?? 0)
        let wearer = try it.oneOf("person", allowed: people.map(\.name))
        let person = people.first { $0.name == wearer }?.id ?? PersonID(derivedFrom: wearer)
        let user = UInt8(try it.optionalInteger("user", in: 0...255) ?? 0)
        return (device, Assignment(device: device.id, deviceUser: user, person: person))
    }

    /// `true`, `false`, or how far back; `nil` when nothing is said.
    private func history(_ reader: JSONReader) throws(JSONError) -> TimeSpan? {
        guard let history = try reader.optional("history") else { return nil }
        if let isWanted = try? history.bool() { return isWanted ? Configuration.usualHistory : .zero }
        guard let text = try? history.string(), let span = TimeSpan(text), Configuration.historyBounds.contains(span)
        else { throw history.error("expected true, false or how far back, 1h to 366d, like \"7d\"") }
        return span
    }

    /// Where the device is: `port` of a serial one, `address` of one with Bluetooth LE.
    private func place(_ it: JSONReader) throws(JSONError) -> String {
        guard let address = try it.optional("address") else { return try port(it.required("port")) }
        if let port = try it.optional("port") {
            throw port.error("a device has a port (serial) or an address (Bluetooth LE), not both")
        }
        let text = try address.string()
        do throws(LinkError) { _ = try PeerName(text) } catch { throw address.error(error.message) }
        return text
    }

    private func port(_ reader: JSONReader) throws(JSONError) -> String {
        let text = try reader.string()
        do throws(LinkError) { _ = try PortName(text) } catch { throw reader.error(error.message) }
        return text
    }

    private func shortName(_ reader: JSONReader) throws(JSONError) -> String {
        let name = try reader.string()
        guard !name.isEmpty, name.utf8.count <= 64, !name.contains(where: { $0.isNewline || $0 == "/" }) else {
            throw reader.error("expected a short name (1 to 64 bytes, no slash)")
        }
        return name
    }

    private func id<T>(_ reader: JSONReader) throws(JSONError) -> Identifier<T> {
        guard let id = Identifier<T>(try reader.string()) else {
            throw reader.error("expected a UUID like \"6fa459ea-ee8a-4ca4-894e-db77e160355e\"")
        }
        return id
    }

    private func span(_ reader: JSONReader) throws(JSONError) -> TimeSpan {
        guard let span = TimeSpan(try reader.string()) else { throw reader.error("expected a time like \"1s\"") }
        return span
    }
}
