import Testing
import Vitals

@testable import Storage

@Suite("Records about people") struct RecordTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private static func note(_ low: UInt64, _ text: String, revision: UInt32 = 1, at: Int64 = 0) -> Record {
        Record(
            id: RecordID(high: 1, low: low), revision: revision, person: Invention.persons[Int(low % 2)],
            at: start + .seconds(at), author: "ana", .note(text))
    }

    private static func commit(_ records: [Record]) -> Commit {
        var commit = Commit(at: start)
        commit.records = records
        return commit
    }

    @Test(
        "random records read back like a plain model, and travel by copy and feed",
        arguments: 1...6 as ClosedRange<UInt64>)
    func model(seed: UInt64) throws {
        let (folder, other) = (try Folder(), try Folder())
        let store = try openToWrite(folder.store)
        try store.follow("mirror", after: 0, at: .distantPast)
        let model = ModelStore()
        var invention = Invention(seed: seed)
        for _ in 0..<40 {
            let commit = Self.commit([invention.record(), invention.record()])
            try store.commit(commit)
            _ = try model.commit(commit)
        }
        let mirror = try openToWrite(other.store)
        for commit in try store.feed(after: 0, atMost: .max).commits { try mirror.commit(try commit.commit()) }
        let copy = try openToWrite(other.path + "/copy.db")
        _ = try store.copy { (part) throws(StoreError) in try copy.commit(part) }
        for store in [store, mirror, copy, try SQLiteStore.open(path: folder.store, mode: .read)] {
            for person in Invention.persons + [nil] {
                for kind in Record.Kind.allCases + [nil] {
                    #expect(try store.records(of: person, kind: kind) == model.records(of: person, kind: kind))
                }
            }
            for low in 0...6 as ClosedRange<UInt64> {
                let id = RecordID(high: 11, low: low)
                #expect(try store.record(id) == model.record(id))
            }
            #expect(try store.check() == [])
        }
    }

    @Test("the higher revision stays whatever comes first, and a tombstone takes the payload with it")
    func revisions() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let document = Record(
            id: RecordID(high: 2, low: 2), person: Invention.persons[0], at: Self.start, author: "ana",
            .document(name: "a.pdf", mediaType: "application/pdf", size: 3), payload: [1, 2, 3])
        try store.commit(Self.commit([Self.note(1, "second", revision: 2), Self.note(1, "first"), document]))
        #expect(try store.records(of: nil, kind: .note).map(\.text) == ["second"])
        #expect(try store.records(of: nil, kind: .document).map(\.payload) == [[]], "a list leaves payloads out")
        #expect(try store.record(document.id)?.payload == [1, 2, 3])
        try store.commit(Self.commit([Record(deleting: document, at: Self.start, author: "ben")]))
        try store.commit(Self.commit([document]))
        #expect(try store.records(of: nil, kind: .document).isEmpty)
        let stone = try #require(try store.record(document.id))
        #expect(stone.content == nil && stone.payload.isEmpty && stone.revision == 2 && stone.author == "ben")
        #expect(try store.connection.integer("SELECT count(*) FROM records") == 1)
    }

    @Test("a document of 20 MB is kept, and one byte more is refused in words, with the whole commit")
    func size() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        func document(_ size: Int) -> Record {
            Record(
                id: RecordID(high: 3, low: UInt64(size)), person: Invention.persons[0], at: Self.start, author: "",
                .document(name: "scan.tiff", mediaType: "image/tiff", size: size),
                payload: [UInt8](repeating: 0xA5, count: size))
        }
        try store.commit(Self.commit([document(Record.mostBytes)]))
        #expect(try store.record(document(Record.mostBytes).id)?.payload.count == 20 << 20)
        do throws(StoreError) {
            try store.commit(Self.commit([Self.note(4, "with it"), document(Record.mostBytes + 1)]))
            Issue.record("taken")
        } catch {
            #expect(error.message.contains("20 MB"))
        }
        #expect(try store.records(of: nil, kind: .note).isEmpty && store.sequence == 1)
    }

    @Test("a damaged record is found by whoever reads it and by the check")
    func damage() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(Self.commit([Self.note(1, "slept badly"), Self.note(2, "well")]))
        try store.connection.execute("UPDATE record SET payload = x'00' WHERE text = 'well'")
        #expect(code { _ = try store.record(RecordID(high: 1, low: 2)) } == .damaged)
        try store.connection.execute("UPDATE record SET text = 'slept' WHERE text = 'slept badly'")
        #expect(try store.check().count == 2)
    }
}
