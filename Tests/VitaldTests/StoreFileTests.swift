import Hub
import Storage
import Testing
import Vitals

@testable import vitald

/// Commands on a small store in a folder of its own.
@Suite struct StoreFileTests {
    private static let ada = Person(id: PersonID(high: 1 << 52, low: 1), name: "ada", zone: "Europe/Berlin")
    private static let bob = Person(id: PersonID(high: 2 << 52, low: 2), name: "bob")
    private static let strap = Device(id: DeviceID(high: 7, low: 7), name: "strap")

    private func run(_ words: [String]) -> (code: Int32, out: String, log: String) { Workspace.run(words) }

    /// Runs `body` with the path of a store that holds two people, and heart rate and steps of one.
    private func withStore(_ body: (String) throws -> Void) throws {
        let workspace = Workspace()
        let path = workspace.path("home.db")
        let store = try SQLiteStore.open(path: path, mode: .write(hub: HubID(high: 9, low: 9), createIfMissing: true))
        var commit = Commit(at: Timestamp(milliseconds: 0))
        commit.people = [Self.ada, Self.bob]
        commit.devices = [Self.strap]
        let samples = (0..<10).flatMap { i in
            let time = Timestamp(milliseconds: 1_583_798_400_000 + Int64(i) * 60_000)
            return [
                Sample(metric: .heartRate, value: 60, time: time, received: time, source: Self.strap.id),
                Sample(metric: .steps, value: 5, time: time, span: 30_000, received: time, source: Self.strap.id),
            ]
        }
        commit.samples = [PersonSamples(person: Self.ada.id, samples: samples)]
        try store.commit(commit)
        store.close()
        try body(path)
    }

    @Test("series shows count, first, last and coverage of each")
    func series() throws {
        try withStore { path in
            let csv = run(["series", "--store", path, "--person", "ada", "--format", "csv"])
            #expect(csv.code == 0)
            #expect(
                csv.out == """
                    person,metric,unit,source,count,first,last,coverage
                    ada,heart_rate,/min,strap,10,2020-03-10T00:00:00Z,2020-03-10T00:09:00Z,1
                    ada,steps,1,strap,10,2020-03-10T00:00:00Z,2020-03-10T00:09:00Z,\(300.0 / 570)

                    """)
            let table = run(["series", "--store", path, "--quick", "--format", "table"])
            #expect(table.out.contains("first (UTC)"))
            #expect(!table.out.contains("coverage"))
            #expect(run(["series", "--store", path, "--person", "bob"]).log == "nothing is stored yet\n")
        }
    }

    @Test("an unknown person or store is one line with the nearest name, and exit code 1")
    func unknown() throws {
        try withStore { path in
            let person = run(["series", "--store", path, "--person", "adda"])
            #expect(person.code == 1)
            #expect(person.log == "vitald series: unknown person 'adda'; did you mean 'ada'?\n")
            let folder = FileTree.folder(of: path)
            let store = run(["series", "--store", "\(folder)/hom.db"])
            #expect(store.code == 1)
            #expect(
                store.log == "vitald series: no store at \(folder)/hom.db; did you mean '\(folder)/home.db'?\n")
            #expect(
                run(["series", "--store", "\(folder)/none/home.db"]).log.contains("there is no folder \(folder)/none"))
            #expect(FileTree.names(in: folder).allSatisfy { $0.hasPrefix("home.db") })
        }
    }

    @Test("the only person of a store needs no name, one of several does")
    func onlyPerson() throws {
        try withStore { path in
            let store = try SQLiteStore.open(path: path, mode: .read)
            let syntax = Syntax("probe", "Probe", options: [StoreFile.person], examples: [])
            #expect(throws: CommandError.usage("--person is missing; known: ada, bob")) {
                try StoreFile.person(Arguments([], for: syntax), in: store)
            }
            #expect(
                try StoreFile.person(Arguments(["--person", "\(Self.bob.id)"], for: syntax), in: store) == Self.bob)
        }
    }

    @Test("events are named by their first digits", arguments: ["", "abc", "xyz1", "last ", "--", "12-g4"])
    func eventNames(text: String) {
        #expect(throws: EventNameError.self) { try EventName(text) }
        #expect(throws: Never.self) { try EventName("last") }
        #expect(throws: Never.self) { try EventName("3F2a-9c") }
    }
}
