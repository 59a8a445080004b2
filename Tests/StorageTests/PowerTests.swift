import Glibc
import Testing
import Vitals

@testable import Storage

@Suite("Power cuts, full disks and long readers") struct PowerTests {
    /// The log's bytes after each commit, as the process that was cut off wrote them down.
    private static func sizes(_ path: String) throws -> [Int] {
        try bytes(of: path).split(separator: 10).compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    }

    @Test(
        "a log that a power cut ends anywhere leaves the store at its last whole commit, whatever follows there",
        arguments: 0..<UInt64(rounds(1, soak: 20)))
    func cut(seed: UInt64) async throws {
        let folder = try Folder()
        let path = folder.store
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String, seed = seed as UInt64] in
            let store = try openToWrite(path)
            let log = open(path + ".sizes", O_WRONLY | O_CREAT | O_APPEND, 0o600)
            for n in 0..<30 as Range<UInt64> {
                try store.commit(FaultTests.numbered(seed * 1000 + n))
                if n % 10 == 9 { try store.sealAll() }
                let line = Array("\(store.logBytes)\n".utf8)
                Glibc.write(log, line, line.count)
            }
            exit(7)
        }
        let sizes = try Self.sizes(path + ".sizes")
        #expect(sizes.count == 30 && sizes == sizes.sorted())
        let (file, log) = (try bytes(of: path), try bytes(of: path + "-wal"))
        #expect(log.count == sizes.last)
        var random = Seeded(seed)
        // At each commit's end, around it, and anywhere.
        let cuts =
            sizes.flatMap { [$0 - 1, $0, $0 + 1] } + (0..<60).map { _ in Int.random(in: 0...log.count, using: &random) }
        for cut in cuts where cut <= log.count {
            for suffix in ["-shm", ".lock"] { unlink(path + suffix) }
            try write(file, to: path)
            // What a disk may have there: nothing, zeros, noise.
            var torn = Array(log[..<cut])
            switch Int.random(in: 0..<3, using: &random) {
            case 0: break
            case 1: torn += [UInt8](repeating: 0, count: log.count - cut)
            default:
                torn += (0..<min(9000, log.count - cut)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            }
            try write(torn, to: path + "-wal")
            let store = try openToWrite(path)
            let whole = sizes.count { $0 <= cut }
            // A commit followed by slices of the seal may be whole before they are.
            #expect(store.sequence >= UInt64(whole) && store.sequence <= UInt64(whole) + 1, "cut at \(cut)")
            let model = ModelStore()
            while model.sequence < store.sequence {
                _ = try model.commit(FaultTests.numbered(seed * 1000 + model.sequence))
            }
            let difference = try contentsDifference(store, model)
            #expect(difference == nil, "cut at \(cut): \(difference ?? "")")
            #expect(try store.check() == [], "cut at \(cut)")
            store.close()
        }
    }

    @Test(
        "a disk that is full at any byte costs no acknowledged commit, and a store goes on where there is space again",
        arguments: Array(stride(from: 40_000, to: 400_000, by: rounds(24_001, soak: 1009))))
    func full(limit: Int) async throws {
        let folder = try Folder()
        let path = folder.store
        await #expect(processExitsWith: .exitCode(7)) { [path = path as String, limit = limit as Int] in
            signal(SIGXFSZ, SIG_IGN)
            var size = rlimit(rlim_cur: rlim_t(limit), rlim_max: rlim_t(limit))
            // 1: RLIMIT_FSIZE; its macro is an enumeration that differs between headers.
            guard setrlimit(__rlimit_resource_t(1), &size) == 0 else { exit(1) }
            let log = open(path + ".acknowledged", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            var failures = 0
            while failures < 5 {
                do {
                    let store = try openToWrite(path)
                    while failures < 5 {
                        do {
                            var sequence = try store.commit(FaultTests.numbered(store.sequence + 1))
                            pwrite(log, &sequence, 8, 0)
                            if sequence % 7 == 0 { try store.sealAll() }
                        } catch let error as StoreError where error.code == .unwritable {
                            failures += 1
                        }
                    }
                } catch let error as StoreError where error.code == .unwritable {
                    failures += 1
                }
            }
            exit(7)
        }
        let acknowledged = try bytes(of: path + ".acknowledged").reversed().reduce(0) { $0 << 8 | UInt64($1) }
        let store = try openToWrite(path)
        #expect(store.sequence == acknowledged)
        let model = ModelStore()
        while model.sequence < store.sequence { _ = try model.commit(FaultTests.numbered(model.sequence + 1)) }
        let difference = try contentsDifference(store, model)
        #expect(difference == nil, "\(difference ?? "")")
        #expect(try store.check() == [])
        #expect(try store.commit(FaultTests.numbered(acknowledged + 1)) == acknowledged + 1)
    }

    @Test("a clock that is set back a year loses nothing, and what comes then is sealed as well")
    func clock() throws {
        let folder = try Folder()
        var store = try openToWrite(folder.store)
        let model = ModelStore()
        var invention = Invention(seed: 21)
        for round in 0..<90 {
            if round == 30 { invention.clock = invention.clock - .days(365) }
            if round == 60 { invention.clock = invention.clock + .days(365) }
            if round % 5 == 0 { invention.clock = invention.clock + .hours(1) }
            let commit = invention.commit()
            #expect(try store.commit(commit) == model.commit(commit))
            if round % 20 == 0 {
                store.close()
                store = try openToWrite(folder.store)
            }
        }
        #expect(store.sealFailure == nil)
        #expect(try contentsDifference(store, model) == nil)
        #expect(try store.check() == [])
        #expect(try store.figures().journalRows < 60)
    }

    @Test("a reader that stays in one transaction makes the log grow, which is seen, and no longer than it stays")
    func longReader() throws {
        let folder = try Folder()
        let store = try openToWrite(folder.store)
        try store.commit(FaultTests.numbered(1))
        let reader = try Connection(path: folder.store, file: folder.store, flags: 1)
        try reader.execute("BEGIN")
        _ = try reader.integer("SELECT sequence FROM head")
        // Whole pages each time: more than a checkpoint waits for.
        var commit = Commit(at: Timestamp(milliseconds: 1_700_000_000_000))
        func write(_ rounds: Range<Int>) throws {
            for round in rounds {
                commit.states = [
                    ComponentState(
                        person: nil, component: "large", version: round, bytes: [UInt8](repeating: 7, count: 100_000))
                ]
                try store.commit(commit)
            }
        }
        try write(0..<500)
        let grown = store.logBytes
        #expect(grown > 16 << 20)
        #expect(try reader.integer("SELECT sequence FROM head") == 1)
        reader.close()
        try write(500..<600)
        #expect(store.logBytes < grown)
        // Readers of vitald's own look anew each time: they hold nothing back.
        let own = try SQLiteStore.open(path: folder.store, mode: .read)
        for round in 0..<6 {
            try write(600 + round * 50..<650 + round * 50)
            #expect(own.sequence == store.sequence)
            _ = try own.states(of: nil)
        }
        #expect(store.logBytes < 16 << 20)
    }
}
