import Testing
import Vitals

@testable import Storage

@Suite("What rests in chunks is what was committed") struct SealTests {
    private static let person = Invention.persons[0]
    private static let source = Invention.sources[0]
    /// 2023-11-14T22:00:00Z, a whole hour.
    private static let start = Timestamp(milliseconds: 1_699_999_200_000)

    private func sample(_ second: Int64, _ value: Float, quality: Quality = [], revision: UInt8 = 0) -> Sample {
        let time = Self.start + .seconds(second)
        return Sample(
            metric: .heartRate, value: value, time: time, received: time + .milliseconds(300), source: Self.source,
            quality: quality, revision: revision)
    }

    private func commit(_ samples: [Sample], at second: Int64) -> Commit {
        var commit = Commit(at: Self.start + .seconds(second))
        commit.samples = [PersonSamples(person: Self.person, samples: samples)]
        return commit
    }

    private func samples(_ store: any Store, _ range: TimeRange = .all) throws -> [Sample] {
        var samples: [Sample] = []
        try store.samples(of: Self.person, metrics: [], in: range) { samples.append($0) }
        return samples
    }

    private func count(_ table: String, _ store: SQLiteStore) throws -> Int64 {
        try store.connection.integer("SELECT count(*) FROM \(table)") ?? -1
    }

    @Test(
        "commits, slices of seals, readers and restarts in any order are the same as commits alone", arguments: 1...8)
    func model(seed: UInt64) throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        let model = ModelStore()
        var invention = Invention(seed: seed)
        for _ in 1...80 {
            let commit = invention.commit()
            #expect(try store.commit(commit) == model.commit(commit))
            // As days pass, since a chunk ends with its day.
            if invention.chance(10) { invention.clock = invention.clock + .hours(Int64(invention.pick([1, 7, 30]))) }
            switch Int.random(in: 0..<8, using: &invention.random) {
            case 0: try store.sealAll()
            case 1: try store.beginSeal(at: commit.at)
            case 2, 3: try store.advanceSeal()
            case 4:
                store.close()
                store = try openToWrite(folder.store)
            default: break
            }
            if invention.chance(15) {
                for side in [store, reader] {
                    #expect(try contentsDifference(side, model) == nil)
                    #expect(try side.series(of: nil) == model.series(of: nil))
                    let ends = [invention.time(), invention.time()].sorted()
                    for person in Invention.persons {
                        var (stored, expected): ([Sample], [Sample]) = ([], [])
                        let range = TimeRange(ends[0], ends[1])
                        try side.samples(of: person, metrics: [], in: range) { stored.append($0.atRest) }
                        model.samples(of: person, metrics: [], in: range) { expected.append($0.atRest) }
                        #expect(stored == expected)
                    }
                }
            }
        }
        #expect(try contentsDifference(store, model) == nil)
        #expect(try contentsDifference(reader, model) == nil)
    }

    @Test("an hour that is over is sealed by the commits that follow, and its journal rows go")
    func hours() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        var expected: [Sample] = []
        var pages: [Int64] = []
        for second in stride(from: 0, to: 5 * 3600, by: 20) as StrideTo<Int64> {
            let taken = (0..<20).map { sample(second + $0, Float(60 + (second + $0) % 17)) }
            expected += taken
            try store.commit(commit(taken, at: second + 20))
            if second % 3600 == 3500 { pages.append(try store.connection.integer("PRAGMA page_count") ?? 0) }
        }
        #expect(store.sealFailure == nil)
        // Four hours rest, an hour and what came while it waited are fresh.
        #expect(try count("chunk", store) == 4)
        #expect(try count("journal", store) <= 180 + 64)
        #expect(try samples(store).map(\.atRest) == expected.map(\.atRest))
        #expect(try samples(store).suffix(1000).map(\.received) == expected.suffix(1000).map(\.received))
        // Pages that the journal freed are used again: an hour adds what its chunk takes.
        #expect(pages[4] - pages[2] <= 4, "\(pages)")
    }

    @Test("chunks are an hour of seconds or a day of minutes, begin at quarters and end with the UTC day")
    func cutting() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        // Begins in the middle of a quarter, three hours before midnight or so.
        let seconds = (0..<6 * 3600 as Range<Int64>).map { sample(-3600 + 400 + $0, 70) }
        try store.commit(commit(seconds, at: 20_000))
        try store.sealAll()
        func chunks() throws -> [(ChunkKey, Int64)] {
            let statement = try store.connection.prepare("SELECT key, count FROM chunk ORDER BY key")
            var chunks: [(ChunkKey, Int64)] = []
            try statement.forEachRow { chunks.append((ChunkKey(statement.int64(0)), statement.int64(1))) }
            return chunks
        }
        #expect(try chunks().map(\.1).reduce(0, +) == 21_600)
        #expect(try chunks().allSatisfy { $0.1 <= 3600 })
        #expect(try chunks().contains { $0.0.quarter % 96 == 0 })

        let minutes = try openToWrite(folder.path + "/minutes.db")
        var all: [Sample] = []
        for minute in 0..<3 * 1440 as Range<Int64> {
            all.append(sample(7200 + minute * 60, 80))
            if minute % 60 == 59 {
                try minutes.commit(commit(Array(all.suffix(60)), at: 7200 + minute * 60))
                try minutes.sealAll()
            }
        }
        #expect(try count("chunk", minutes) == 3)
        #expect(try samples(minutes).map(\.time) == all.map(\.time))
        for name in folder.names where name.hasPrefix("minutes") { #expect(name != "minutes.db-journal") }
    }

    @Test("late and repeated samples merge on read at once, and in the chunk at the next seal")
    func late() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        let even = stride(from: 0, to: 7200, by: 2).map { sample($0, 60) }
        try store.commit(commit(even, at: 7200))
        try store.sealAll()
        let odd = stride(from: 1, to: 7200, by: 2).map { sample($0, 61, quality: .late) }
        let corrected = sample(100, 99, revision: 1)
        // The same again, and lower revisions, are nothing.
        try store.commit(commit(odd + even + [corrected, sample(100, 12)] + odd, at: 9000))
        var expected = (even + odd).sorted { $0.time < $1.time }
        expected[100] = corrected
        for side in [store, reader] {
            #expect(try samples(side).map(\.atRest) == expected.map(\.atRest))
            #expect(try side.series(of: nil).map(\.count) == [7200])
        }
        try store.sealAll()
        #expect(try count("journal", store) == 0)
        for side in [store, reader] {
            #expect(try samples(side) == expected.map(\.atRest))
            #expect(try side.series(of: nil).map(\.count) == [7200])
            let range = TimeRange(Self.start + .seconds(3599), Self.start + .seconds(3602))
            #expect(try samples(side, range).map(\.value) == [61, 60, 61])
        }
        // A correction of what rests is one more journal row and no more samples.
        try store.commit(commit([sample(5000, 42, revision: 3)], at: 9001))
        for side in [store, reader] {
            #expect(try side.series(of: nil).map(\.count) == [7200])
            #expect(try samples(side)[5000].value == 42)
        }
    }

    @Test("an import of much at once is sealed on the way, and holds little of it in the journal")
    func bulk() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        let day = 86_400
        for part in 0..<12 {
            let taken = (0..<day).map { i in sample(Int64(part * day + i), 60 + Float(i / 60 % 50)) }
            // All of it comes in one hour, or at one moment.
            try store.commit(commit(taken, at: 0))
        }
        #expect(try samples(store).count == 12 * day)
        let fresh = try store.figures()
        #expect(fresh.restingSamples > 4 * day, "\(fresh)")
        #expect(fresh.samples == 12 * day)
        #expect(try store.check() == [])
    }

    @Test("a seal that fails costs no commit: samples stay where they were and are sealed later")
    func failure() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.connection.execute(
            "CREATE TRIGGER t BEFORE INSERT ON chunk BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END")
        var expected: [Sample] = []
        func goOn(from first: Int64, to last: Int64) throws {
            for minute in first..<last {
                expected.append(sample(minute * 60, Float(minute)))
                try store.commit(commit([sample(minute * 60, Float(minute))], at: minute * 60))
            }
        }
        try goOn(from: 0, to: 100)
        #expect(store.sealFailure?.message.contains("as the test wants it") == true)
        #expect(try count("chunk", store) == 0)
        #expect(try samples(store).map(\.atRest) == expected.map(\.atRest))
        try store.connection.execute("DROP TRIGGER t")
        try goOn(from: 100, to: 200)
        #expect(store.sealFailure == nil)
        // Midnight lies between.
        #expect(try count("chunk", store) == 2)
        #expect(try samples(store).map(\.atRest) == expected.map(\.atRest))
    }

    @Test("a house of many series tells its counts right although it writes them at the seal only")
    func crowd() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        let people = (0..<80 as Range<UInt64>).map { PersonID(high: $0, low: 1) }
        for second in 0..<5 as Range<Int64> {
            var commit = Commit(at: Self.start + .seconds(second))
            for person in people {
                commit.samples.append(PersonSamples(person: person, samples: [sample(second, 70), sample(second, 71)]))
            }
            try store.commit(commit)
        }
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        #expect(try store.connection.integer("SELECT sum(count) FROM series") == 0)
        for _ in 0..<2 {
            for side in [store, reader] {
                #expect(try side.series(of: nil).map(\.count) == [Int](repeating: 5, count: 80))
                #expect(try side.series(of: people[3]).map(\.last) == [Self.start + .seconds(4)])
            }
            store.close()
            store = try openToWrite(folder.store)
        }
        try store.sealAll()
        #expect(try store.connection.integer("SELECT sum(count) FROM series") == 400)
        #expect(try reader.series(of: nil).map(\.count) == [Int](repeating: 5, count: 80))
    }

    @Test("a chunk or journal row that was damaged is named, and costs no trap", arguments: ["chunk", "journal"])
    func damage(table: String) throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(commit((0..<100).map { sample($0, 70) }, at: 100))
        if table == "chunk" { try store.sealAll() }
        store.close()
        let whole = try bytes(of: folder.store)
        for change in [
            "zeroblob(length(bytes))", "x''", "substr(bytes, 1, length(bytes) - 1)", "bytes || x'00'",
            "x'09' || substr(bytes, 2)",
        ] {
            try write(whole, to: folder.store)
            let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
            try raw.execute("UPDATE \(table) SET bytes = \(change)")
            raw.close()
            let reader = try SQLiteStore.open(path: folder.store, mode: .read)
            #expect(code { _ = try samples(reader) } == .damaged, "\(change)")
            #expect(try reader.check().count == 1)
        }
    }

    @Test("a damaged chunk is set aside when more is to join it, and keeps nothing else from being sealed")
    func aside() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(commit((0..<100).map { sample($0, 70) }, at: 100))
        try store.sealAll()
        try store.connection.execute("UPDATE chunk SET bytes = zeroblob(length(bytes))")
        let more = (200..<300).map { sample($0, 71) }
        try store.commit(commit(more, at: 300))
        try store.sealAll()
        #expect(try samples(store) == more.map(\.atRest))
        #expect(try count("journal", store) == 0)
        let problems = try store.check()
        #expect(problems.count == 1 && problems.allSatisfy { $0.contains("put aside") }, "\(problems)")
    }

    @Test("a check finds what is not as it should be, and nothing where all is well")
    func check() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        var invention = Invention(seed: 12)
        for _ in 0..<60 { try store.commit(invention.commit()) }
        #expect(try store.check() == [])
        try store.sealAll()
        try store.commit(invention.commit())
        #expect(try store.check() == [])
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        #expect(try reader.check() == [])
        let figures = try reader.figures()
        #expect(try figures.samples == store.series(of: nil).reduce(0) { $0 + $1.count })
        #expect(figures.chunks > 0 && figures.chunkBytes > 0 && figures.sequence == 61)
        store.close()
        let whole = try bytes(of: folder.store)
        for (change, word) in [
            ("UPDATE chunk SET sum = 0.125 WHERE key = (SELECT min(key) FROM chunk)", "sums"),
            ("UPDATE chunk SET covered = covered + 1 WHERE key = (SELECT min(key) FROM chunk)", "sums"),
            ("UPDATE series SET count = count + 1, upto = 1000 WHERE id = 1", "are told"),
            ("DELETE FROM series WHERE id = 1", "not there"),
            ("UPDATE chunk SET key = key + 1 WHERE key = (SELECT max(key) FROM chunk)", "checksum"),
        ] {
            try write(whole, to: folder.store)
            let raw = try Connection(path: folder.store, file: folder.store, flags: 2)
            try raw.execute(change)
            raw.close()
            let problems = try SQLiteStore.open(path: folder.store, mode: .read).check()
            #expect(problems.contains { $0.contains(word) }, "\(change): \(problems)")
        }
    }
}
