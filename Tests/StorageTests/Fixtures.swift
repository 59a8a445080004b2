import Glibc
import Testing
import Vitals

@testable import Storage

/// A folder that lives as long as this.
final class Folder {
    let path: String
    var store: String { path + "/vitals.db" }

    init() throws {
        var template = Array("/tmp/vitald-storage-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for name in names { unlink(path + "/" + name) }
        rmdir(path)
    }

    var names: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// How often a loop with seeds runs: the long way where `VITALD_SOAK` is set, as `make soak` does.
func rounds(_ usual: Int, soak: Int) -> Int { getenv("VITALD_SOAK") == nil ? usual : soak }

let testHub = HubID(high: 0xA0A1_A2A3_A4A5_A6A7, low: 0xB0B1_B2B3_B4B5_B6B7)

/// A store that does not wait for the disk: that guards against power cuts, and no test here makes one.
func openToWrite(_ path: String, key: StoreKey? = nil) throws(StoreError) -> SQLiteStore {
    let store = try SQLiteStore.open(path: path, mode: .write(hub: testHub, createIfMissing: true), key: key)
    try store.connection.execute("PRAGMA synchronous = OFF")
    return store
}

func bytes(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = read(descriptor, &buffer, buffer.count), count > 0 { all += buffer.prefix(count) }
    return all
}

func write(_ bytes: [UInt8], to path: String) throws {
    unlink(path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
}

/// The code of the error that `body` throws; `nil` when it throws none.
func code(_ body: () throws -> Void) -> StoreError.Code? {
    do { try body() } catch let error as StoreError { return error.code } catch {}
    return nil
}

/// SplitMix64 (Steele 2014): the same numbers for the same seed on every machine.
struct Seeded: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random content from small sets, so that keys meet again.
struct Invention {
    var random: Seeded
    var clock = Timestamp(milliseconds: 1_700_000_000_000)

    init(seed: UInt64) { random = Seeded(seed) }

    static let persons = (0..<3).map { PersonID(high: UInt64($0) << 60 | 7, low: UInt64($0)) }
    static let sources = (0..<3).map { DeviceID(high: .max - UInt64($0), low: UInt64($0)) }
    static let metrics: [Metric] = [.heartRate, .steps, .restingHeartRate, .worn]

    mutating func pick<T>(_ values: [T]) -> T { values[Int.random(in: 0..<values.count, using: &random)] }
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    mutating func time() -> Timestamp {
        if chance(2) { return pick([Timestamp(milliseconds: -1), Timestamp(milliseconds: 0), .distantPast]) }
        // Late data, and data that meets what is there.
        let back = chance(20) ? Int64.random(in: 0...600, using: &random) : Int64.random(in: 0...3, using: &random)
        return clock - .seconds(back)
    }

    mutating func sample() -> Sample {
        let values: [Float] = [60, 61.5, 0, -0.125, 3.4e38, .leastNonzeroMagnitude, .infinity, 0.1]
        let time = time()
        return Sample(
            metric: pick(Self.metrics), value: pick(values), time: time, span: pick([0, 0, 60_000, .max]),
            received: pick([time, clock, time + .seconds(2), .distantPast]), source: pick(Self.sources),
            quality: Quality(rawValue: pick([0, 0, 0, 2, 255])), revision: pick([0, 0, 0, 1, 2, 255]))
    }

    mutating func event() -> Event {
        Event(
            id: EventID(
                high: UInt64.random(in: 0...3, using: &random) << 62 | 5, low: .random(in: 0...15, using: &random)),
            person: pick(Self.persons), kind: pick(Event.Kind.allCases), phase: pick(Event.Phase.allCases),
            rule: "rule-\(Int.random(in: 0...9, using: &random))", severity: pick(Severity.allCases), onset: time(),
            decided: clock - .seconds(.random(in: 0...5, using: &random)),
            transition: Int.random(in: 0...3, using: &random),
            title: pick(["", "High heart rate", "静息时心率偏高"]), text: "text", recipients: ["person", "clinician"],
            causes: [EventID(high: 1, low: 2)])
    }

    mutating func commit() -> Commit {
        clock = clock + .milliseconds(.random(in: 0...5000, using: &random))
        var commit = Commit(at: clock)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let samples = (0..<Int.random(in: 0...40, using: &random)).map { _ in sample() }
            commit.samples.append(PersonSamples(person: pick(Self.persons), samples: samples))
        }
        if chance(30) { commit.events = (0..<3).map { _ in event() } }
        for event in commit.events {
            commit.outbox.append(
                OutboxItem(event: event.id, person: event.person, recipient: pick(["person", "family"])))
        }
        if chance(50) {
            for _ in 0..<3 {
                commit.states.append(
                    ComponentState(
                        person: pick(Self.persons + [nil]), component: pick(["intake", "rules", "panes/hours/19710"]),
                        version: pick([1, 2]),
                        bytes: (0..<Int.random(in: 0...20, using: &random)).map { UInt8(truncatingIfNeeded: $0) }))
            }
        }
        if chance(20) {
            let id = CommandID(high: 9, low: .random(in: 0...9, using: &random))
            commit.commands = [AppliedCommand(command: Command(id: id, actor: "ana", action: .reload), at: clock)]
        }
        if chance(20) {
            commit.people = [
                Person(id: pick(Self.persons), name: pick(["ana", "ben", "李"]), zone: pick(["UTC", "Asia/Taipei"]))
            ]
            commit.devices = [Device(id: pick(Self.sources), name: pick(["strap", "ring"]), priority: pick([0, 3]))]
            commit.assignments = [
                Assignment(
                    device: pick(Self.sources), deviceUser: pick([0, 1]), person: pick(Self.persons),
                    from: pick([.distantPast, clock]), to: pick([.distantFuture, clock]))
            ]
        }
        for _ in 0..<Int.random(in: 0...1, using: &random) { commit.records = [record()] }
        return commit
    }

    mutating func record() -> Record {
        let id = RecordID(high: 11, low: .random(in: 0...5, using: &random))
        let payload = (0..<Int.random(in: 0...300, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        let record = Record(
            id: id, revision: .random(in: 1...30, using: &random), person: pick(Self.persons), at: clock, author: "ana",
            pick([
                .note("slept badly"), .fact("beta_blocker", .all),
                .feedback(EventID(high: 1, low: 2), score: -1, comment: ""),
                .goal("walk more", metric: .steps, value: 8000, .all), .grant(to: "grace", role: "clinician", .all),
                .plan(WeeklyPlan(stepsGoal: 5000), reason: "spring"),
                .document(name: "letter.pdf", mediaType: "application/pdf", size: payload.count),
            ]), payload: payload)
        return chance(25) ? Record(deleting: record, at: clock, author: "ben") : record
    }
}
