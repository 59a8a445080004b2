import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("Commits are followed") struct FeedTests {
    private static let name = "mirror"
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    /// Everything after `sequence`, in pages of a few commits.
    private static func all(_ store: some Store, after sequence: UInt64) throws -> [FeedCommit] {
        var commits: [FeedCommit] = []
        while true {
            let page = try store.feed(after: commits.last?.sequence ?? sequence, atMost: 5000)
            #expect(page.missing == nil)
            if page.commits.isEmpty { return commits }
            commits += page.commits
        }
    }

    private static func small(_ n: Int64, bytes: Int = 0) -> Commit {
        var commit = Commit(at: start + .minutes(n))
        commit.states = [
            ComponentState(
                person: nil, component: "c", version: Int(n), bytes: [UInt8](repeating: UInt8(n & 127), count: bytes))
        ]
        return commit
    }

    // MARK: Equality

    @Test(
        "a followed feed makes an empty store equal, whatever is sealed, reopened, sent twice or asked for again",
        arguments: 1...10 as ClosedRange<UInt64>)
    func mirror(seed: UInt64) throws {
        let (folder, other) = (try Folder(), try Folder())
        var store = try openToWrite(folder.store)
        let mirror = try openToWrite(other.store)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        try store.follow(Self.name, after: 0, at: Self.start)
        var invention = Invention(seed: seed)
        var random = Seeded(seed)
        var position: UInt64 = 0
        for _ in 0..<120 {
            try store.commit(invention.commit())
            if Int.random(in: 0..<10, using: &random) == 0 { try store.sealAll() }
            if Int.random(in: 0..<15, using: &random) == 0 {
                store.close()
                store = try openToWrite(folder.store)
            }
            guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
            for commit in try Self.all(reader, after: position) {
                try mirror.commit(try commit.commit())
                position = commit.sequence
            }
            #expect(try contentsDifference(store, mirror) == nil)
            // Now and then a step back: what came since is sent and applied again.
            if Int.random(in: 0..<3, using: &random) == 0 { position -= min(position, 7) }
            try store.follow(Self.name, after: position, at: invention.clock)
        }
        for commit in try Self.all(reader, after: position) { try mirror.commit(try commit.commit()) }
        #expect(try contentsDifference(store, mirror) == nil)
        #expect(try store.devices() == mirror.devices() && store.assignments() == mirror.assignments())
        #expect(try store.outbox() == mirror.outbox())
        #expect(Set(try store.commands().map(\.command)) == Set(try mirror.commands().map(\.command)))
        #expect(try store.check() == [] && mirror.check() == [])
    }

    @Test(
        "a copy makes an empty store equal, and the feed goes on where the copy ends",
        arguments: 1...4 as ClosedRange<UInt64>)
    func copy(seed: UInt64) throws {
        let (folder, other) = (try Folder(), try Folder())
        let store = try openToWrite(folder.store)
        let mirror = try openToWrite(other.store)
        var invention = Invention(seed: seed)
        for n in 0..<80 {
            try store.commit(invention.commit())
            if n == 50 { try store.sealAll() }
        }
        try store.follow(Self.name, after: store.sequence, at: invention.clock)
        for _ in 0..<5 { try store.commit(invention.commit()) }
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        let end = try reader.copy { (part) throws(StoreError) in
            // As it travels.
            var writer = ByteWriter()
            writer.wire(FeedItem.part(part))
            var bytes = ByteReader(writer.bytes)
            if case .part(let part)? = try? FeedItem(from: &bytes) { try mirror.commit(part) }
        }
        #expect(end == 85)
        #expect(try contentsDifference(store, mirror) == nil)
        #expect(
            try Set(store.commands().map(\.command)) == Set(mirror.commands().map(\.command))
                && store.outbox() == mirror.outbox())
        for _ in 0..<20 { try store.commit(invention.commit()) }
        for commit in try Self.all(reader, after: end) { try mirror.commit(try commit.commit()) }
        #expect(try contentsDifference(store, mirror) == nil)
    }

    @Test("what is read is the same bytes each time: before and after a seal, by a reader, after opening anew")
    func sameBytes() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        try store.follow(Self.name, after: 0, at: Self.start)
        var invention = Invention(seed: 5)
        for _ in 0..<40 { try store.commit(invention.commit()) }
        let before = try Self.all(store, after: 0)
        #expect(before.map(\.sequence) == Array(1...40))
        try store.sealAll()
        #expect(store.sequence == 40, "a seal is no commit")
        #expect(try Self.all(store, after: 0) == before)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        #expect(try Self.all(reader, after: 17) == Array(before[17...]))
        store.close()
        store = try openToWrite(folder.store)
        #expect(try Self.all(store, after: 0) == before)
    }

    @Test("a value that is not a number travels as it rests")
    func notANumber() throws {
        var commit = Commit(at: Self.start)
        for value in [Float.nan, .infinity, -0.0] {
            commit.samples.append(
                PersonSamples(
                    person: Invention.persons[0],
                    samples: [
                        Sample(
                            metric: .ecg, value: value, time: Self.start, received: Self.start,
                            source: Invention.sources[0])
                    ]))
        }
        let row = FeedRow.encode(commit, sequence: 1)
        let read = try FeedCommit(sequence: 1, bytes: Array(row[FeedRow.head...])).commit()
        #expect(
            read.samples.flatMap(\.samples).map(\.value.bitPattern)
                == commit.samples.flatMap(\.samples).map(\.value.bitPattern))
    }

    // MARK: What is kept

    @Test("without followers nothing is kept, and nothing any more after the last one left")
    func nobody() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        for n in 1...5 as ClosedRange<Int64> { try store.commit(Self.small(n)) }
        #expect(try store.figures().keptCommits == 0)
        #expect(try store.feed(after: 2, atMost: 1) == FeedPage(commits: [], missing: 3...5, head: 5))
        #expect(try store.feed(after: 5, atMost: 1) == FeedPage(commits: [], missing: nil, head: 5))
        try store.follow(Self.name, after: 5, at: Self.start)
        try store.commit(Self.small(6))
        #expect(try store.feed(after: 5, atMost: 1).commits.map(\.sequence) == [6])
        #expect(try store.feed(after: 3, atMost: 1).missing == 4...5)
        #expect(try store.unfollow(Self.name) && !store.unfollow(Self.name))
        try store.commit(Self.small(7))
        #expect(try store.figures().keptCommits == 0)
        // Whoever comes then gets no feed with a hole in it.
        try store.follow("other", after: 7, at: Self.start)
        try store.commit(Self.small(8))
        #expect(try store.feed(after: 5, atMost: 1).missing == 6...7)
        #expect(try Self.all(store, after: 7).map(\.sequence) == [8])
    }

    @Test("a commit goes when every follower has it and it is old enough, not before")
    func retired() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        try store.follow("a", after: 0, at: Self.start)
        try store.follow("b", after: 0, at: Self.start)
        store.feedLimits = FeedLimits(age: .minutes(10), bytes: 1 << 20)
        for n in 1...30 as ClosedRange<Int64> { try store.commit(Self.small(n)) }
        #expect(try store.figures().keptCommits == 30)
        try store.follow("a", after: 30, at: Self.start)
        try store.commit(Self.small(31))
        #expect(try store.figures().keptCommits == 31, "one follower lacks them")
        try store.follow("b", after: 25, at: Self.start)
        try store.commit(Self.small(32))
        // At minute 32 those up to minute 22 are old enough.
        #expect(try store.feed(after: 22, atMost: 1).commits.first?.sequence == 23)
        #expect(try store.feed(after: 21, atMost: 1).missing == 22...22)
        // Back to where it is kept, forward again; durable with the next commit and when the store is closed.
        try store.follow("b", after: 22, at: Self.start)
        try store.commit(Self.small(60))
        #expect(try Self.all(store, after: 22).count == 11)
        try store.follow("b", after: 33, at: Self.start + .hours(1))
        store.close()
        store = try openToWrite(folder.store)
        #expect(try store.followers().map(\.sequence) == [30, 33])
        store.feedLimits = FeedLimits(age: .minutes(10), bytes: 1 << 20)
        try store.commit(Self.small(61))
        #expect(try Self.all(store, after: 30).map(\.sequence) == [31, 32, 33, 34])
        #expect(try store.followers().allSatisfy { $0.lost == 0 && $0.gaps == 0 })
        #expect(store.takeFeedLosses() == [])
        #expect(try store.check() == [])
    }

    @Test("beyond the bound the oldest go: whoever lacks them is told the gap, once, and it is counted")
    func bound() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        try store.follow("slow", after: 0, at: Self.start)
        try store.follow("quick", after: 0, at: Self.start)
        store.feedLimits = FeedLimits(age: .days(1), bytes: 10_000)
        for n in 1...50 as ClosedRange<Int64> {
            try store.follow("quick", after: UInt64(n - 1), at: Self.start)
            try store.commit(Self.small(n, bytes: 1000))
            #expect(try store.figures().keptBytes <= 10_000)
        }
        let kept = try store.figures().keptCommits
        #expect((7...9).contains(kept))
        let gone = UInt64(50 - kept)
        #expect(try store.feed(after: 0, atMost: 1).missing == 1...gone)
        #expect(store.takeFeedLosses().map(\.name) == ["slow"])
        #expect(store.takeFeedLosses() == [])
        let slow = try #require(try store.followers().last)
        #expect(slow.name == "slow" && slow.lost == Int(gone) && slow.gaps == 1)
        #expect(try store.followers().first?.lost == 0)
        // It copied the store and goes on; later it falls behind again.
        try store.follow("slow", after: 50, at: Self.start)
        for n in 51...80 as ClosedRange<Int64> {
            try store.follow("quick", after: UInt64(n - 1), at: Self.start)
            try store.commit(Self.small(n, bytes: 1000))
        }
        #expect(store.takeFeedLosses().map(\.name) == ["slow"])
        #expect(try store.followers().last?.gaps == 2)
        store.close()
        store = try openToWrite(folder.store)
        #expect(try store.followers().last?.gaps == 2)
        #expect(try store.followers().last?.lost == Int(gone) + 30 - kept)
        // One commit larger than the bound stays until the next one.
        store.feedLimits.bytes = 10_000
        try store.commit(Self.small(81, bytes: 50_000))
        #expect(try Self.all(store, after: 80).count == 1)
        #expect(try store.check() == [])
    }

    @Test("a commit that fails keeps nothing and moves no follower; the next one has its number")
    func failure() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.follow(Self.name, after: 0, at: Self.start)
        for n in 1...3 as ClosedRange<Int64> { try store.commit(Self.small(n)) }
        let before = try Self.all(store, after: 0)
        for table in ["feed", "follower"] {
            try store.connection.execute(
                "CREATE TRIGGER t BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'as the test wants it'); END")
            try store.follow(Self.name, after: 2, at: Self.start)
            #expect(throws: StoreError.self) { try store.commit(Self.small(4, bytes: 10)) }
            #expect(try Self.all(store, after: 0) == before)
            try store.connection.execute("DROP TRIGGER t")
        }
        try store.commit(Self.small(5))
        #expect(try Self.all(store, after: 0).map(\.sequence) == [1, 2, 3, 4])
        #expect(try SQLiteStore.open(path: folder.store, mode: .read).followers().map(\.sequence) == [2])
        #expect(try store.check() == [])
    }

    @Test("after the store took another's place its followers begin anew")
    func epoch() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        try store.follow(Self.name, after: 0, at: Self.start)
        for n in 1...3 as ClosedRange<Int64> { try store.commit(Self.small(n)) }
        try store.follow(Self.name, after: 3, at: Self.start)
        try store.connection.execute(
            "UPDATE head SET epoch = epoch + 1, sum = vitald_sum('head', hub, epoch + 1, sequence, at)")
        store.close()
        store = try openToWrite(folder.store)
        #expect(store.takeFeedLosses().map(\.name) == [Self.name])
        #expect(try store.followers().map(\.sequence) == [0])
        #expect(try store.feed(after: 0, atMost: 1).missing == 1...3)
        try store.commit(Self.small(4))
        #expect(try Self.all(store, after: 3).map(\.sequence) == [4])
        store.close()
        store = try openToWrite(folder.store)
        #expect(store.takeFeedLosses() == [])
    }

    @Test("a number that no commit has, a bad name and one follower too many are refused in words")
    func refusals() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(Self.small(1))
        #expect(code { _ = try store.feed(after: 2, atMost: 1) } == .other)
        #expect(code { try store.follow(Self.name, after: 2, at: Self.start) } == .other)
        for name in ["", "a b", "ü", String(repeating: "x", count: 65)] {
            #expect(code { try store.follow(name, after: 0, at: Self.start) } == .other)
        }
        for n in 0..<FeedTable.most { try store.follow("f\(n)", after: 0, at: Self.start) }
        #expect(code { try store.follow("late", after: 0, at: Self.start) } == .other)
        let reader = try SQLiteStore.open(path: folder.store, mode: .read)
        #expect(code { try reader.follow("f1", after: 0, at: Self.start) } == .unwritable)
        #expect(try reader.followers().count == FeedTable.most)
    }

    @Test("a damaged commit is found, by whoever follows and by the check")
    func damage() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.follow(Self.name, after: 0, at: Self.start)
        for n in 1...3 as ClosedRange<Int64> { try store.commit(Self.small(n, bytes: 40)) }
        try store.connection.execute("UPDATE feed SET bytes = replace(bytes, x'0202', x'0203') WHERE sequence = 2")
        #expect(code { _ = try store.feed(after: 1, atMost: 1) } == .damaged)
        #expect(try store.check().count == 1)
        try store.connection.execute("DELETE FROM feed WHERE sequence = 2")
        let problems = try store.check()
        #expect(
            problems == [
                "kept commits: 2 to 2 are not there", "kept commit 3: its size is not counted",
                "feed: 2 rows where 3 were written",
            ])
        #expect(try store.feed(after: 0, atMost: 1000).commits.map(\.sequence) == [1])
        #expect(try store.feed(after: 1, atMost: 1000).missing == 2...2)
    }

    // MARK: kill -9

    /// Commit number `n` of the killed writer: the same on every run.
    private static func numbered(_ n: UInt64) -> Commit {
        var invention = Invention(seed: n)
        invention.clock = Timestamp(milliseconds: 1_700_000_000_000 + Int64(n) * 7000)
        return invention.commit()
    }

    @Test("a follower ends with an equal store, however often writer and follower are killed")
    func kill() async throws {
        let (folder, other) = (try Folder(), try Folder())
        let (path, mirrored) = (folder.store, other.store)
        var random = Seeded(77)
        for round in 0..<16 {
            let microseconds = Int.random(in: 3000...60_000, using: &random)
            await #expect(processExitsWith: .signal(SIGALRM)) {
                [path = path as String, microseconds = microseconds as Int] in
                var timer = itimerval()
                timer.it_value.tv_usec = microseconds
                let store = try openToWrite(path)
                try store.follow("mirror", after: store.followers().first?.sequence ?? 0, at: .distantPast)
                setitimer(__itimer_which_t(0), &timer, nil)
                while true {
                    let sequence = try store.commit(FeedTests.numbered(store.sequence + 1))
                    if sequence % 5 == 0 { try store.sealAll() }
                    // An acknowledgement that is lost with the kill means that something is sent again.
                    if sequence % 7 == 0 { try store.follow("mirror", after: sequence - 5, at: .distantPast) }
                }
            }
            // The follower dies, too: every other time in the middle of what it applies.
            if round % 2 == 0 {
                await #expect(processExitsWith: .signal(SIGALRM)) {
                    [path = path as String, mirrored = mirrored as String, microseconds = microseconds as Int] in
                    var timer = itimerval()
                    timer.it_value.tv_usec = microseconds / 4
                    let mirror = try openToWrite(mirrored)
                    let source = try SQLiteStore.open(path: path, mode: .read)
                    setitimer(__itimer_which_t(0), &timer, nil)
                    while true {
                        for commit in try FeedTests.all(source, after: 0) { try mirror.commit(commit.commit()) }
                    }
                }
            }
        }
        let store = try openToWrite(path)
        let mirror = try openToWrite(mirrored)
        for commit in try Self.all(store, after: 0) { try mirror.commit(try commit.commit()) }
        #expect(store.sequence > 16)
        #expect(try contentsDifference(store, mirror) == nil)
        #expect(try store.outbox() == mirror.outbox())
        #expect(try store.check() == [])
    }
}
