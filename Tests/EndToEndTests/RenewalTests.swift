import Foundation
import Storage
import Testing
import Vitals

@Suite("A hub whose detectors changed with its version", .serialized)
struct RenewalTests {
    private static let changed = ["illness_cusum", "resting_heart_rate", "training_load"]
    private static let series: Set<Metric> = [
        .restingHeartRate, .nightSignal, .controlChart, .trainingLoad, .fitness, .fatigue, .form, .zoneMinutes,
        .illnessCusum, .illnessAlarm,
    ]

    private struct Place: Hashable, Comparable {
        var metric: Metric
        var time: Timestamp

        static func < (a: Place, b: Place) -> Bool { (a.time, a.metric.rawValue) < (b.time, b.metric.rawValue) }
    }

    private final class Home {
        let folder = TemporaryFolder()
        var store: String { folder.path("hub.db") }
        let ada = Person(id: PersonID(derivedFrom: "ada"), name: "ada", maxHeartRate: 175)
        /// A midnight (UTC) that is over for good: what is derived of the days before is told.
        let end = Timestamp(milliseconds: (Int64(Date().timeIntervalSince1970) - 3600) / 86_400 * 86_400_000)
        static let nights = 40
        /// Days without measurements up to `end`. Hours that windows are rebuilt from are corrected only when they have
        /// passed: none of them may be among those compared.
        static let quiet = 3

        init() throws {
            let root = Program.packageRoot.path
            try """
            {
              store: "hub.db", socket: "\(folder.path("s"))", profiles: "\(root)/DeviceProfiles", rules: "\(root)/Rules",
              people: [ { name: "ada", max_heart_rate: 175 } ],
            }
            """.write(toFile: folder.path("vitald.json5"), atomically: true, encoding: .utf8)
        }

        /// Still nights of a heart rate every five minutes, run through the hub of this version; two of a fever.
        func live() throws {
            let begin = end - .days(Int64(Self.nights + Self.quiet))
            let new = try SQLiteStore.open(
                path: store, mode: .write(hub: HubID(derivedFrom: "test"), createIfMissing: true))
            var commit = Commit(at: begin - .days(1))
            commit.people = [ada]
            try new.commit(commit)
            new.close()
            var random = SplitMix(state: 7)
            var rows = "time,heart_rate,steps\n"
            for night in 0..<Self.nights {
                for step in 0..<78 {
                    let time = begin + .days(Int64(night)) + .minutes(Int64(step * 5))
                    let rate = 54 + night * 5 % 4 + Int(random.next() % 5) + (30...31 ~= night ? 9 : 0)
                    rows += "\(time.milliseconds / 1000),\(rate),0\n"
                }
            }
            try rows.write(toFile: folder.path("nights.csv"), atomically: true, encoding: .utf8)
            let replay = try Program.run([
                "replay", folder.path("nights.csv"), "--store", store, "--person", "ada", "--span", "60s", "--rules",
                Program.packageRoot.path + "/Rules",
            ])
            #expect(replay.status == 0, "\(replay.errors)")
        }

        /// Makes it what an older version would have left: other values, some missing, and states of another version.
        func age() throws {
            let store = try SQLiteStore.open(path: store, mode: .write(hub: .random(), createIfMissing: false))
            defer { store.close() }
            var commit = Commit(at: try store.lastCommit())
            var list: [Sample] = []
            try store.samples(of: ada.id, metrics: series, in: .all) { list.append($0) }
            for index in list.indices {
                list[index].revision += 1
                if index % 5 == 1 { list[index].quality = .artefact } else { list[index].value += 1 }
            }
            commit.samples = [PersonSamples(person: ada.id, samples: list)]
            commit.states = try store.states(of: ada.id).compactMap { state in
                guard changed.contains(where: { state.component == "detector/\($0)" }) else { return nil }
                var state = state
                state.version = 0
                return state
            }
            #expect(commit.states.count == changed.count)
            try store.commit(commit)
        }

        func start() throws -> Program.Running {
            let hub = try Program.Running(["run", "--config", folder.path("vitald.json5")])
            #expect(hub.waitFor("ready"), "\(hub.errors)")
            return hub
        }

        /// Runs a hub until nothing is left to make anew.
        func finish() throws {
            let hub = try start()
            try wait { try !isRenewing() }
            hub.terminate()
            #expect(hub.finish(limit: 20).status == 0)
        }

        /// Runs a hub, and kills it when so many commits followed that of its start, or when nothing is left to make anew.
        ///
        /// - Returns: whether it was killed midway.
        func kill(afterCommits count: Int) throws -> Bool {
            let hub = try start()
            defer { hub.kill() }
            let begin = try sequence()
            guard try isRenewing() else { return false }
            try wait { try sequence() >= begin + UInt64(count) || hub.errors.contains("was made anew") }
            return !hub.errors.contains("was made anew")
        }

        /// Gives up after two minutes: what takes a second must not hang when it is broken.
        private func wait(_ isDone: () throws -> Bool) throws {
            for _ in 0..<24_000 {
                if try isDone() { return }
                usleep(5000)
            }
            Issue.record("the hub made nothing anew for two minutes")
        }

        private func isRenewing() throws -> Bool {
            let status = try Program.run(["status", "--socket", folder.path("s")])
            #expect(status.status == 0, "\(status.errors)")
            return status.output.contains("renewing")
        }

        private func sequence() throws -> UInt64 {
            let store = try SQLiteStore.open(path: store, mode: .read)
            defer { store.close() }
            return store.sequence
        }

        func derived() throws -> [Place: Float] {
            let store = try SQLiteStore.open(path: store, mode: .read)
            defer { store.close() }
            #expect(try store.check() == [])
            var found: [Place: Float] = [:]
            try store.samples(of: ada.id, metrics: series, in: TimeRange(.distantPast, end)) {
                if !$0.quality.contains(.artefact) { found[Place(metric: $0.metric, time: $0.time)] = $0.value }
            }
            return found
        }

        func events() throws -> [String] {
            try Program.run(["events", "--store", store, "--format", "jsonl"]).lines.filter {
                !$0.contains("\"kind\":\"source\"")
            }
        }
    }

    private static func expect(_ found: [Place: Float], equal expected: [Place: Float], _ what: String) {
        let differing = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }.sorted()
        let first = differing.first.map {
            "\($0.metric) \(ISO8601.format($0.time)): \(expected[$0] as Float?), found \(found[$0] as Float?)"
        }
        #expect(differing.isEmpty, "\(what): \(differing.count) of \(expected.count) differ, such as \(first ?? "")")
    }

    @Test("ends with the values of one that always had them, however often it is killed while it makes them anew")
    func killed() throws {
        let home = try Home()
        try home.live()
        // A hub that was never changed: it completes the days that the measurements left open.
        try home.finish()
        let expected = try home.derived()
        let told = try home.events()
        #expect(Set(expected.keys.map(\.metric)) == Self.series)
        try home.age()
        #expect(try home.derived().count { expected[$0.key] == $0.value } == 0)
        let aged = try Data(contentsOf: URL(filePath: home.store))

        try home.finish()
        Self.expect(try home.derived(), equal: expected, "undisturbed")

        var midway = 0
        let isSoak = ProcessInfo.processInfo.environment["VITALD_SOAK"] != nil
        for commits in isSoak ? Array(1...24) : [1, 3, 5] {
            for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: home.store + suffix) }
            try aged.write(to: URL(filePath: home.store))
            for count in [commits, 1] where try home.kill(afterCommits: count) { midway += 1 }
            try home.finish()
            Self.expect(try home.derived(), equal: expected, "killed after \(commits) commits")
            #expect(try home.events() == told)
        }
        #expect(midway > 2, "too few kills met a renewal")
    }
}
