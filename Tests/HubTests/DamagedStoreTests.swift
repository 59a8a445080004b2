import Foundation
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

    @Test("what the daily check finds is told and repaired while the hub runs, and what it finds again is told only")
    func scrubbed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "vitald-scrub-\(UInt64.random(in: 0...(.max)))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = folder.appending(path: "hub.db").path
        let configuration = Configuration(
            hubName: "test", storePath: store, socketPath: folder.appending(path: "s").path, profileFolders: [],
            ruleFolders: [], people: [TestHousehold.person], devices: [], assignments: [])
        let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
        let daemon = Daemon(
            configuration: configuration, configured: try TestHousehold.configured(),
            observer: Daemon.Observer(log: { _ in }, event: { _ in }, ready: { isReady.finish() }))
        let ended = Task.detached { try daemon.run() }
        for await _ in ready {}
        for _ in 0..<2 {
            await daemon.scrubbed(.success(["event: 2 rows where 3 were written"]))
            await daemon.commit()
        }
        await daemon.scrubbed(.success([]))
        daemon.requestStop()
        try await ended.value
        #expect(FileManager.default.fileExists(atPath: store + ".old-1"))
        #expect(!FileManager.default.fileExists(atPath: store + ".old-2"))
        let reader = try SQLiteStore.open(path: store, mode: .read)
        #expect(try reader.events(EventFilter()).map(\.rule) == ["hub:damage", "hub:damage"])
        #expect(try reader.check() == [] && reader.people().count == 1)
    }
}
