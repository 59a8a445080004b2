import Testing
import Vitals

@testable import Hub

@Suite("Commits that wait for a store")
struct BacklogTests {
    private let person = TestHousehold.person.id
    private let start = Timestamp(milliseconds: 1_780_437_600_000)

    private func commit(_ number: Int64, samples: Int) -> Commit {
        let time = start + .seconds(number)
        let sample = Sample(
            metric: .heartRate, value: Float(number), time: time, received: time, source: DeviceID(high: 1, low: 1))
        var commit = Commit(at: time)
        commit.samples = [PersonSamples(person: person, samples: Array(repeating: sample, count: samples))]
        commit.states = [ComponentState(person: person, component: "rules", version: 1, bytes: [UInt8(number % 256)])]
        commit.commands = [
            AppliedCommand(
                command: Command(id: CommandID(high: 0, low: UInt64(number)), actor: "ada", action: .reload), at: time)
        ]
        return commit
    }

    @Test("beyond what memory allows the oldest samples go and are counted; states and orders stay")
    func samples() {
        var backlog = Backlog()
        for number in 0..<4 { backlog.append(commit(Int64(number), samples: Backlog.mostSamples / 3)) }
        #expect(backlog.shorten() == Backlog.mostSamples / 3)
        #expect(backlog.shorten() == 0)
        backlog.append(commit(4, samples: 5))
        #expect(backlog.shorten() == Backlog.mostSamples / 3)
        #expect(backlog.commits.map(\.samples.isEmpty) == [true, true, false, false, false])
        #expect(backlog.commits.allSatisfy { $0.states.count == 1 && $0.commands.count == 1 })
        #expect(backlog.takeDropped() == Backlog.mostSamples / 3 * 2)
        #expect(backlog.takeDropped() == 0)
    }

    @Test("beyond so many commits the oldest are joined: nothing of them is gone but states that are no longer so")
    func joined() {
        var backlog = Backlog()
        let count = Backlog.longest + 10
        for number in 0..<count {
            backlog.append(commit(Int64(number), samples: 1))
            #expect(backlog.shorten() == 0)
        }
        #expect(backlog.count == Backlog.longest)
        let samples = backlog.commits.flatMap(\.samples).flatMap(\.samples)
        #expect(samples.map(\.value) == (0..<count).map { Float($0) })
        #expect(backlog.first?.commands.map(\.command.id.low) == (0...10).map { UInt64($0) })
        #expect(backlog.first?.states.map(\.bytes) == [[10]])
    }

    @Test("what was lost is an event for everyone, with its count")
    func told() throws {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: try TestHousehold.configured())
        pipeline.take(Input(at: start, .samplesLost(1234)))
        let events = pipeline.takeCommit().events
        #expect(events.map(\.person) == [person] && events.map(\.rule) == ["hub:lost"])
        #expect(events.first?.text.contains("1234 samples") == true && events.first?.severity == .warning)
    }
}
