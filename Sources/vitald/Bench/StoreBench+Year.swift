import Glibc
import Hub
import JSON5
import Storage
import Vitals

extension StoreBench {
    private static let yearPeople = 4
    /// DESIGN §10, in milliseconds.
    private static let yearBudget = 300.0
    /// How many days differ; then they come again.
    private static let differentDays = 7
    private static let starts = 5

    /// A household that has lived with the hub for long, up to today: what it takes until a hub that is started on its store is
    /// ready. Heart rates each second, steps each minute, and all that the hub derives and decides from them.
    func year(_ folder: BenchFolder) throws -> [Figure] {
        let household = BenchHousehold(
            people: Self.yearPeople, sensor: .none, profiles: setting.profiles, rules: setting.rules)
        let path = folder.newPath()
        try live(household, path)
        let times = try (0..<(setting.isQuick ? 1 : Self.starts)).map { start in
            setting.progress("store.start: start \(start + 1) of \(Self.starts)")
            return try startHub(household, path, in: folder)
        }
        let reader = try SQLiteStore.open(path: path, mode: .read)
        defer { reader.close() }
        let figures = try reader.figures()
        return [
            Figure("store.start_\(setting.days)d", times, "ms", budget: Self.yearBudget),
            Figure("store.start_\(setting.days)d_samples", [Double(figures.samples)], "samples"),
            Figure("store.start_\(setting.days)d_file", [Double(figures.fileBytes)], "bytes"),
        ]
    }

    /// Lives hour by hour, a commit each, until now.
    private func live(_ household: BenchHousehold, _ path: String) throws {
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true))
        defer { store.close() }
        let start = BenchHousehold.start + .days(Self.daysUntilNow - Int64(setting.days))
        var first = Commit(at: start)
        first.people = household.configured.people
        first.devices = household.configured.devices
        first.assignments = household.configured.assignments
        try store.commit(first)
        let pipelines = try household.people.indices.map { person in
            var alone = household.configured
            alone.people = [alone.people[person]]
            return try Pipeline(hub: HubID(derivedFrom: "bench"), configured: alone)
        }
        let days = (0..<Self.differentDays).map { day in
            BenchDay.samples(
                BenchDay.seconds(86_400, seed: UInt64(day + 1)), sensor: household.sensors[0],
                watch: household.watches[0])
        }
        var begins = days.map { _ in 0 }
        let now = HubClock.wall()
        for day in 0...setting.days {
            setting.progress("store.start: day \(day) of \(setting.days)")
            let shift = start + .days(Int64(day)) - BenchHousehold.start
            begins = begins.map { _ in 0 }
            for hour in 1...24 {
                let end = BenchHousehold.start + .hours(Int64(hour))
                guard end + shift <= now else { return }
                var commit = Commit(at: end + shift)
                let ends = zip(days, begins).map { day, begin in day[begin...].firstIndex { $0.time > end } ?? day.count
                }
                for person in household.people.indices {
                    // Nobody has the same day as another.
                    let which = (day + 2 * person) % days.count
                    let samples = days[which][begins[which]..<ends[which]].map { sample in
                        var sample = sample
                        sample.time = sample.time + shift
                        sample.received = sample.time
                        sample.source =
                            (sample.metric == .steps ? household.watches : household.sensors)[person]
                        return sample
                    }
                    pipelines[person].take(samples[...], of: household.people[person])
                    let part = pipelines[person].takeCommit()
                    commit.samples += part.samples
                    commit.events += part.events
                    commit.outbox += part.outbox
                    commit.states += part.states
                }
                begins = ends
                try store.commit(commit)
            }
        }
    }

    private static var daysUntilNow: Int64 {
        (HubClock.wall() - BenchHousehold.start).milliseconds / TimeSpan.days(1).milliseconds
    }

    /// Starts a hub on the store, as systemd does; milliseconds until it says that it is ready.
    private func startHub(_ household: BenchHousehold, _ path: String, in folder: BenchFolder) throws -> Double {
        let socket = "\(folder.path)/socket"
        var json = JSONWriter()
        json.object { json in
            json.member("store", path)
            json.member("socket", socket)
            json.member("profiles", setting.profileFolder)
            json.member("rules", setting.ruleFolder)
            json.array("people") { json in
                for person in household.configured.people {
                    json.object {
                        $0.member("name", person.name)
                        $0.member("zone", person.zone)
                    }
                }
            }
        }
        try folder.write("vitald.json", json)
        let command = try ProgramLines.own(["run", "--config", "\(folder.path)/vitald.json"])
        let began = HubClock.stopwatch()
        var ready: Int64?
        var last = ""
        _ = try ProgramLines.read("\(command) 2>&1") { line in
            last = line
            guard ready == nil, line.contains("ready: ") else { return }
            ready = HubClock.stopwatch()
            let stop = Command(id: .random(), actor: "bench", action: .stop)
            _ = try? SocketClient.request(path: socket, .command(stop))
        }
        guard let ready else { throw CommandError.failed("a hub did not start: \(last)") }
        return Double(ready - began)
    }
}
