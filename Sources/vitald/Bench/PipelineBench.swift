import Hub
import Simulator
import Storage
import Vitals

/// The whole path: how many samples a core takes, and what people cost who only live.
struct PipelineBench {
    let setting: BenchSetting

    /// DESIGN §10: bytes to committed events, shipped rules, one core.
    private static let rateBudget = 1e6
    /// DESIGN §10: 10 000 people live in 10 % of a core.
    private static let shareBudget = 0.1 / 10_000
    private static let day = 86_400

    func figures() throws -> [Figure] {
        let days = BenchDay.seconds(2 * Self.day)
        return try throughput(days) + stored(days) + live(people: setting.people)
    }

    // MARK: As fast as it goes

    private func throughput(_ days: [SyntheticPerson.Second]) throws -> [Figure] {
        let files = household(.none)
        let samples = BenchDay.samples(days, sensor: files.sensors[0], watch: files.watches[0])
        let strap = household(.chestStrap)
        let rates = BenchDay.strapInputs(days, beats: false, sensor: strap.sensors[0], watch: strap.watches[0])
        let beats = BenchDay.strapInputs(days, beats: true, sensor: strap.sensors[0], watch: strap.watches[0])
        let finger = household(.oximeter)
        let stream = BenchDay.oximeterInputs(Self.day / 12, sensor: finger.sensors[0])
        let contest = try setting.run([
            .init(name: "memory pass") { Lap.timing { memoryPass(samples) } },
            .init(name: "pipeline.samples") { try take(samples, in: files) },
            .init(name: "pipeline.strap") { try take(rates, in: strap) },
            .init(name: "pipeline.strap_beats") { try take(beats, in: strap) },
            .init(name: "pipeline.oximeter") { try take(stream, in: finger) },
        ])
        let limit = ("memory pass", contest[0].map(\.rate))
        let names = ["", "pipeline.samples", "pipeline.strap", "pipeline.strap_beats", "pipeline.oximeter"]
        return names.indices.dropFirst().flatMap { index in
            let laps = contest[index]
            return [
                Figure(names[index], laps.map(\.rate), "samples/s", peer: limit, budget: Self.rateBudget)
            ] + setting.allocations(names[index], laps, "sample")
        }
    }

    /// Reads every sample once: no path over the same samples can be faster.
    private func memoryPass(_ samples: [Sample]) -> Double {
        var sum: UInt64 = 0
        for sample in samples {
            sum &+= UInt64(sample.value.bitPattern) &+ UInt64(bitPattern: sample.received.milliseconds)
        }
        // So that the sum is needed.
        return sum == 0 ? 0 : Double(samples.count)
    }

    /// Samples in the batches of `vitald replay`.
    private func take(_ samples: [Sample], in household: BenchHousehold) throws -> Lap {
        let pipeline = try household.pipeline()
        let person = household.people[0]
        return Lap.timing {
            for start in stride(from: 0, to: samples.count, by: Replay.defaultBatch) {
                pipeline.take(samples[start..<min(start + Replay.defaultBatch, samples.count)], of: person)
                _ = pipeline.takeCommit()
            }
            return Double(samples.count)
        }
    }

    /// Frames, decided and handed over each simulated minute; counts the samples that come out, derived ones left out.
    private func take(_ inputs: [Input], in household: BenchHousehold, store: SQLiteStore? = nil) throws -> Lap {
        let pipeline = try household.pipeline()
        return try Lap.timing {
            var count = 0
            var minute = BenchHousehold.start + .minutes(1)
            func commit() throws {
                let commit = pipeline.takeCommit()
                for batch in commit.samples {
                    for sample in batch.samples where sample.source != .derived { count += 1 }
                }
                try store?.commit(commit)
            }
            for input in inputs {
                if input.at > minute {
                    try commit()
                    minute = minute + .minutes(1)
                }
                pipeline.take(input)
            }
            try commit()
            return Double(count)
        }
    }

    // MARK: Into a store

    private func stored(_ days: [SyntheticPerson.Second]) throws -> [Figure] {
        let strap = household(.chestStrap)
        let inputs = BenchDay.strapInputs(days, beats: false, sensor: strap.sensors[0], watch: strap.watches[0])
        let folder = try BenchFolder(in: setting.folder)
        let laps = try setting.run([
            .init(name: "pipeline.stored") {
                let path = folder.newPath()
                let store = try SQLiteStore.open(
                    path: path, mode: .write(hub: HubID(derivedFrom: "bench"), createIfMissing: true))
                defer {
                    store.close()
                    folder.clear()
                }
                var first = Commit(at: BenchHousehold.start)
                first.people = strap.configured.people
                first.devices = strap.configured.devices
                first.assignments = strap.configured.assignments
                try store.commit(first)
                return try take(inputs, in: strap, store: store)
            }
        ])[0]
        return [
            Figure("pipeline.stored", laps.map(\.rate), "samples/s", budget: Self.rateBudget),
            Figure("pipeline.stored_wall", laps.map(\.wallRate), "samples/s"),
        ]
    }

    // MARK: Live

    /// People who wear a strap and a watch, on a hub that commits every second.
    private func live(people count: Int) throws -> [Figure] {
        let fromFiles = LiveCrowd(household(.none, people: count))
        let fromStraps = LiveCrowd(household(.chestStrap, people: count))
        let samples = try fromFiles.household.pipeline()
        let frames = try fromStraps.household.pipeline()
        let laps = try setting.run([
            .init(name: "pipeline.live_samples_\(count)") { fromFiles.liveSamples(in: samples) },
            .init(name: "pipeline.live_frames_\(count)") { fromStraps.liveFrames(in: frames) },
        ])
        let budget = 100 * Self.shareBudget * Double(count)
        return [
            Figure("pipeline.live_samples_\(count)", laps[0].map { 100 * $0.cost }, "% of a core", budget: budget),
            Figure("pipeline.live_frames_\(count)", laps[1].map { 100 * $0.cost }, "% of a core", budget: budget),
        ]
    }

    private func household(_ sensor: BenchHousehold.Sensor, people: Int = 1) -> BenchHousehold {
        BenchHousehold(people: people, sensor: sensor, profiles: setting.profiles, rules: setting.rules)
    }
}
