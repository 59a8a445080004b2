import Hub
import Testing
import Vitals

@Suite("A follower of the store that fell behind")
struct FollowerTests {
    private static let at = Timestamp(milliseconds: 1_780_437_600_000)

    private func events(_ inputs: [Input]) throws -> [Event] {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: try TestHousehold.configured())
        for input in inputs { pipeline.take(input) }
        return pipeline.takeCommit().events
    }

    @Test("is an event for everyone, of one id however often the input is replayed, and says what to do")
    func told() throws {
        let input = Input(at: Self.at, .followerLost(name: "dashboard", commits: 12))
        let told = try events([input])
        #expect(told.map(\.person) == [TestHousehold.person.id])
        let event = try #require(told.first)
        #expect(event.kind == .source && event.rule == "hub:follower:dashboard" && event.phase == .resolved)
        #expect(event.title.contains("dashboard") && event.text.contains("12 commits"))
        #expect(try events([input]) == told)
        // Falling behind again later is another event.
        let later = Input(at: Self.at + .hours(1), .followerLost(name: "dashboard", commits: 40))
        #expect(Set(try events([input, later]).map(\.id)).count == 2)
    }
}
