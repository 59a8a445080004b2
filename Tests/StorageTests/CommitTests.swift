import Testing
import Vitals

@testable import Storage

@Suite("What was committed is what is read") struct CommitTests {
    @Test(
        "random commits read back like a plain model, by the writer, a reader, and after reopening", arguments: 1...12)
    func model(seed: UInt64) throws { try readBack(seed, key: nil) }

    @Test("of an encrypted store the same is read", arguments: 13...18)
    func sealed(seed: UInt64) throws { try readBack(seed, key: StoreKey.random()) }

    private func readBack(_ seed: UInt64, key: StoreKey?) throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store, key: key)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read, key: key)
        let model = ModelStore()
        var invention = Invention(seed: seed)
        for round in 1...60 {
            let commit = invention.commit()
            let sequence = try store.commit(commit)
            #expect(try sequence == model.commit(commit))
            if round % 20 == 0 {
                try compare(store, model, &invention)
                try compare(reader, model, &invention)
                store.close()
                store = try openToWrite(folder.store, key: key)
                try compare(store, model, &invention)
            }
        }
        #expect(try contentsDifference(store, model) == nil)
        #expect(
            try store.connection.integer("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'")
                == 1)
    }

    private func compare(_ store: SQLiteStore, _ model: ModelStore, _ invention: inout Invention) throws {
        #expect(store.sequence == model.sequence)
        #expect(try store.people() == model.people())
        #expect(try store.devices() == model.devices())
        #expect(try store.assignments() == model.assignments())
        #expect(try store.series(of: nil) == model.series(of: nil))
        #expect(try store.outbox() == model.outbox())
        for person in Invention.persons + [nil] { #expect(try store.states(of: person) == model.states(of: person)) }
        for low in 0...10 as ClosedRange<UInt64> {
            let id = CommandID(high: 9, low: low)
            #expect(try store.hasApplied(id) == model.hasApplied(id))
        }
        for person in Invention.persons {
            #expect(try store.series(of: person) == model.series(of: person))
            for metrics in [[], [.heartRate], [.steps, .worn], [.ecg]] as [Set<Metric>] {
                let ends = [invention.time(), invention.time()].sorted()
                for range in [TimeRange.all, TimeRange(ends[0], ends[1])] {
                    var stored: [Sample] = []
                    var expected: [Sample] = []
                    try store.samples(of: person, metrics: metrics, in: range) { stored.append($0) }
                    model.samples(of: person, metrics: metrics, in: range) { expected.append($0) }
                    #expect(stored == expected)
                }
            }
        }
        for limit in [nil, 0, -1, 1, 7, .max] {
            for kind in [nil, Event.Kind.alert] {
                for person in [nil, Invention.persons[0]] {
                    let ends = [invention.time(), invention.time()].sorted()
                    for range in [TimeRange.all, TimeRange(ends[0], ends[1])] {
                        let filter = EventFilter(person: person, kind: kind, range: range, limit: limit)
                        #expect(try store.events(filter) == model.events(filter))
                    }
                }
            }
        }
        let id = "\(EventID(high: 3 << 62 | 5, low: 11))"
        for prefix in ["", "0", "4", "C", "c0000000-0000-0005", id, id.uppercased(), id + "0", "zz", "8\u{301}"] {
            #expect(try store.events(idPrefix: prefix) == model.events(idPrefix: prefix))
        }
    }

    @Test("NaN comes back as NaN and a received time of centuries away as itself")
    func extremes() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let person = Invention.persons[1]
        let received = Timestamp(milliseconds: .min)
        var commit = Commit(at: Timestamp(milliseconds: 0))
        let time = Timestamp(milliseconds: .max / 5)
        commit.samples = [
            PersonSamples(
                person: person,
                samples: [
                    Sample(metric: .ecg, value: .nan, time: time, received: received, source: Invention.sources[0])
                ])
        ]
        try store.commit(commit)
        var stored: [Sample] = []
        try store.samples(of: person, metrics: [.ecg], in: .all) { stored.append($0) }
        #expect(stored.count == 1)
        #expect(stored.first?.value.isNaN == true)
        #expect(stored.first?.received == received)
        #expect(stored.first?.time == time)
    }

    @Test("committing the same content again changes nothing but the sequence number")
    func idempotence() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let model = ModelStore()
        var invention = Invention(seed: 99)
        let commits = (0..<20).map { _ in invention.commit() }
        for commit in commits {
            try store.commit(commit)
            _ = try model.commit(commit)
        }
        for commit in commits.flatMap({ [$0, $0] }) where commit.states.isEmpty && commit.people.isEmpty {
            try store.commit(commit)
        }
        #expect(try contentsDifference(store, model) == nil)
        #expect(try store.outbox() == model.outbox())
    }

    @Test("what is written again unchanged keeps the sequence number of its first writing")
    func unchanged() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        var commit = Commit(at: Timestamp(milliseconds: 5))
        commit.people = [Person(id: Invention.persons[0], name: "ana")]
        commit.states = [ComponentState(person: nil, component: "rules", version: 1, bytes: [1])]
        try store.commit(commit)
        try store.commit(commit)
        #expect(try store.connection.integer("SELECT sequence FROM person") == 1)
        #expect(try store.connection.integer("SELECT sequence FROM state") == 1)
        commit.states[0].bytes = [2]
        try store.commit(commit)
        #expect(try store.connection.integer("SELECT sequence FROM state") == 3)
    }

    @Test("two stores differ by exactly one sample among many, and the difference names it")
    func difference() throws {
        let (one, two) = (ModelStore(), ModelStore())
        let start = Timestamp(milliseconds: 1_700_000_000_000)
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        var samples = (0..<20_000 as Range<Int64>).map { i in
            Sample(
                metric: .heartRate, value: Float(60 + i % 40), time: start + .seconds(i), received: start + .seconds(i),
                source: Invention.sources[0])
        }
        func commit(to store: Store) throws {
            var commit = Commit(at: start)
            commit.samples = [PersonSamples(person: Invention.persons[0], samples: samples)]
            try store.commit(commit)
        }
        try commit(to: store)
        try commit(to: one)
        #expect(try contentsDifference(store, one) == nil)
        samples[13_577].quality = .late
        try commit(to: two)
        let difference = try #require(try contentsDifference(store, two))
        #expect(difference.contains("\(samples[13_577].time.milliseconds)"))
        #expect(difference.contains("late"))
    }
}
