import Foundation
import Storage
import Testing

@Suite("A replay that is killed", .serialized)
struct InterruptionTests {
    static let kills = 50

    /// Small batches, so that a replay commits all the time and most kills meet it between two commits.
    private static func command(_ store: String) -> [String]? {
        guard let data = Program.shared?.appending(path: "data/mishra2020_fitbit") else { return nil }
        let files = ["A4G0044_hr.csv.gz", "A4G0044_steps.csv.gz"].map { data.appending(path: $0).path }
        return ["replay"] + files + ["--store", store, "--person", "ada", "--batch", "200", "--verbose"]
    }

    @Test("ends in the same store as one that was not, however often it is killed")
    func killedReplayEqualsUninterruptedReplay() throws {
        let folder = TemporaryFolder()
        guard let uninterrupted = Self.command(folder.path("whole.db")) else {
            return print("SKIPPED: no folder `shared` with recordings beside the project")
        }
        let whole = try Program.run(uninterrupted)
        #expect(whole.status == 0, "\(whole.errors)")
        let one = try SQLiteStore.open(path: folder.path("whole.db"), mode: .read)
        defer { one.close() }

        var random = SplitMix(state: 20_261_121)
        var kills = 0
        var midway = 0
        var finished = 0
        while kills < Self.kills || finished == 0 {
            // Each store is killed again and again until the replay into it has ended.
            let store = folder.path("cut\(finished).db")
            let command = try #require(Self.command(store))
            var acknowledged = 0
            while true {
                let running = try Program.Running(command)
                let patience = kills < Self.kills ? Double(40 + random.next() % 400) / 1000 : 60
                let ended = running.ends(within: patience)
                if !ended {
                    running.kill()
                    kills += 1
                }
                // An event is printed after its commit: every one is the uninterrupted run's.
                let events = running.output.split(separator: "\n").map(String.init).filter { $0.hasSuffix("}") }
                #expect(Set(events).isSubset(of: whole.lines))
                // What was acknowledged stays: the next run goes on behind it.
                let consumed = Acknowledgement.last(in: running.errors)?.consumed ?? acknowledged
                #expect(consumed >= acknowledged)
                if !ended, consumed > acknowledged { midway += 1 }
                acknowledged = consumed
                if ended { break }
            }
            let other = try SQLiteStore.open(path: store, mode: .read)
            let difference = try contentsDifference(one, other)
            #expect(difference == nil, "\(difference ?? "")")
            other.close()
            finished += 1
        }
        #expect(midway >= Self.kills / 3, "too few kills met a replay between two commits: \(midway)")
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
