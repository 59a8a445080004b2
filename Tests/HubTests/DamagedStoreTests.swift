import Storage
import Testing
import Vitals

@testable import Hub

@Suite("A damaged store under a hub")
struct DamagedStoreTests {
    private let start = Timestamp(milliseconds: 1_780_437_600_000)

    @Test("damage that was put aside is one event for each person, names nobody, and is no outage")
    func told() throws {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: try TestHousehold.configured())
        pipeline.take(Input(at: start, .store(works: true, reason: "")))
        #expect(pipeline.takeCommit().events == [])
        pipeline.take(Input(at: start + .seconds(1), .store(works: true, reason: "2 places")))
        let events = pipeline.takeCommit().events
        #expect(events.map(\.rule) == ["hub:damage"])
        #expect(events.first?.kind == .source && events.first?.severity == .warning)
        #expect(events.first?.text.contains("2 places") == true && events.first?.recipients == ["person"])
        pipeline.take(Input(at: start + .seconds(2), .store(works: true, reason: "")))
        #expect(pipeline.takeCommit().events == [])
    }
}
