import Foundation
import Storage
import Testing

@Suite("A replay that is killed", .serialized)
struct InterruptionTests {
    static let rounds = 50

    @Test("ends in the same store as one that was not, however often it is killed")
    func killedReplayEqualsUninterruptedReplay() throws {
        guard let shared = Program.shared else {
            print("SKIPPED: no folder `shared` with recordings beside the project")
            return
        }
        let data = shared.appending(path: "data/mishra2020_fitbit")
        let files = ["A4G0044_hr.csv.gz", "A4G0044_steps.csv.gz"].map { data.appending(path: $0).path }
        let folder = TemporaryFolder()
        let command = { (store: String) in
            ["replay"] + files + ["--store", folder.path(store), "--person", "ada", "--batch", "1000", "--verbose"]
        }
        let whole = try Program.run(command("whole.db"))
        #expect(whole.status == 0, "\(whole.errors)")
        let events = Set(whole.lines)

        var generator = SplitMix(state: 20_261_121)
        var kills = 0
        var printed: Set<String> = []
        var acknowledged = 0
        while kills < Self.rounds {
            let running = try Program.Running(command("cut.db"))
            usleep(useconds_t(20_000 + generator.next() % 60_000))
            let finishedAlone = !running.process.isRunning
            running.kill()
            if finishedAlone { break }
            kills += 1
            // What was acknowledged on standard error is in the store, and never shrinks.
            let consumed = Acknowledgement.last(in: running.errors)?.consumed ?? acknowledged
            #expect(consumed >= acknowledged)
            acknowledged = consumed
            printed.formUnion(running.output.split(separator: "\n").map(String.init).filter { $0.hasSuffix("}") })
        }
        let rest = try Program.run(command("cut.db"))
        #expect(rest.status == 0, "\(rest.errors)")
        #expect(kills >= Self.rounds, "the replay ended after \(kills) kills: too fast for this test")
        #expect(printed.isSubset(of: events), "an event was decided that an uninterrupted run does not decide")

        let one = try SQLiteStore.open(path: folder.path("whole.db"), mode: .read)
        let other = try SQLiteStore.open(path: folder.path("cut.db"), mode: .read)
        let difference = try contentsDifference(one, other)
        #expect(difference == nil, "\(difference ?? "")")
    }
}

/// A line `committed SEQUENCE CONSUMED TOTAL` of a verbose replay.
struct Acknowledgement {
    var sequence: Int
    var consumed: Int

    static func last(in text: String) -> Acknowledgement? {
        // The last line may be cut off by the kill.
        let whole = text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        guard let line = whole.split(separator: "\n").last(where: { $0.hasPrefix("committed ") }) else { return nil }
        let words = line.split(separator: " ").compactMap { Int($0) }
        guard words.count >= 2 else { return nil }
        return Acknowledgement(sequence: words[0], consumed: words[1])
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): random numbers by seed, so that a failure can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
