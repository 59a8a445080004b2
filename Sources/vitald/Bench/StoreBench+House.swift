import Glibc
import Hub
import Simulator
import Storage
import Vitals

extension StoreBench {
    /// A large house for two hours: a thousand people, three metrics, a commit each second, two seals. But for the last
    /// second: a sample at the stroke of the hour would begin a chunk of its own, which only the next hour joins.
    private var house: (people: Int, seconds: Int) { setting.isQuick ? (10, 1799) : (1000, 7199) }
    /// DESIGN §10.
    static let houseMetrics: [Metric] = [.heartRate, .steps, .spo2]
    private static let budget = (cost: 0.06, size: 0.24, stall: 20.0, start: 300.0, memory: 100.0)

    /// The house in a process that does nothing else, so that its memory is the store's.
    func houseAlone() throws -> [Figure] {
        var words = ["bench", "house", "--format", "jsonl", "--folder", setting.folder]
        words += ["--seconds", "\(Int(setting.seconds))"] + (setting.isQuick ? ["--quick"] : [])
        var figures: [Figure] = []
        let status = try ProgramLines.read(ProgramLines.own(words)) { line in
            if let figure = Figure(line: line) { figures.append(figure) }
        }
        guard status == 0 else { throw CommandError.failed("vitald bench house ended with status \(status)") }
        return figures
    }

    /// One long run: seals, growth and reuse of pages need their time. Commits are made one by one, so that what is measured
    /// is the store's memory and not theirs.
    func figuresOfHouse() throws -> [Figure] {
        let folder = try BenchFolder(in: setting.folder)
        let path = folder.newPath()
        let store = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true))
        let stream = BenchSamples.Stream(people: house.people, seconds: house.seconds)
        var total = Lap()
        // The first commit brings all series; its cost is its own, and that of the others may be that of the seal.
        var (first, worst) = (0.0, 0.0)
        for second in 0..<house.seconds {
            if second % 60 == 0 { setting.progress("store.house: minute \(second / 60) of \(house.seconds / 60)") }
            let commit = stream.commit(second)
            let lap = try Lap.timing {
                try store.commit(commit)
                return Double(stream.samplesPerCommit)
            }
            if second == 0 { first = lap.cpu } else { worst = max(worst, lap.cpu) }
            total = total + lap
        }
        store.close()
        let memory = Stopwatch.peakMemory
        let opened = try Lap.timing {
            let again = try SQLiteStore.open(
                path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: false))
            again.close()
            return 1
        }
        let last = try SQLiteStore.open(
            path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: false))
        defer { last.close() }
        try last.sealAll()
        let figures = try last.figures()
        let count = Double(figures.samples)
        return try [
            Figure("store.house", [total.wallRate], "samples/s"),
            Figure("store.house_cpu", [total.cost * 1e6], "CPU s/M samples", budget: Self.budget.cost),
            Figure("store.house_first_cpu", [first * 1000], "ms/commit"),
            Figure("store.house_worst_cpu", [worst * 1000], "ms/commit", budget: Self.budget.stall),
            Figure("store.house_memory", memory.map { [$0 / 1e6] } ?? [], "MB", budget: Self.budget.memory),
            Figure("store.house_start_cpu", [opened.cpu * 1000], "ms", budget: Self.budget.start),
            Figure("store.house_chunks", [Double(figures.chunkBytes) / count], "bytes/sample"),
            Figure(
                "store.house_size", [Double(figures.fileBytes - figures.freeBytes) / count], "bytes/sample",
                budget: Self.budget.size),
            Figure("store.house_file", [Double(figures.fileBytes) / count], "bytes/sample"),
        ] + lastHour(last, until: BenchHousehold.start + .seconds(Int64(house.seconds + 1)))
    }
}

extension BenchSamples {
    /// Commits of one second each, made as they are asked for.
    struct Stream {
        private let ids: [PersonID]
        private let sources: [DeviceID]
        private let lives: [[SyntheticPerson.Second]]

        init(people: Int, seconds: Int) {
            ids = (0..<people).map { PersonID(derivedFrom: "person-\($0)") }
            sources = (0..<people).map { DeviceID(derivedFrom: "sensor-\($0)") }
            lives = (0..<min(people, 8)).map { BenchDay.seconds(seconds, seed: UInt64($0 + 1)) }
        }

        var samplesPerCommit: Int { ids.count * StoreBench.houseMetrics.count }

        func commit(_ second: Int) -> Commit {
            var commit = Commit(at: BenchHousehold.start + .seconds(Int64(second + 1)))
            commit.samples = ids.indices.map { person in
                let life = lives[person % lives.count]
                return PersonSamples(
                    person: ids[person],
                    samples: StoreBench.houseMetrics.map { BenchSamples.sample($0, life, second, sources[person]) })
            }
            return commit
        }
    }
}
