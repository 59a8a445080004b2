import Foundation
import Testing
import Vitals

@testable import Hub
@testable import Storage

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
        let home = try Home()
        let daemon = try await home.start()
        for _ in 0..<2 {
            await daemon.scrubbed(.success(["event: 2 rows where 3 were written"]))
            await daemon.commit()
        }
        await daemon.scrubbed(.success([]))
        await home.stop()
        #expect(FileManager.default.fileExists(atPath: home.store + ".old-1"))
        #expect(!FileManager.default.fileExists(atPath: home.store + ".old-2"))
        let reader = try SQLiteStore.open(path: home.store, mode: .read)
        #expect(try reader.events(EventFilter()).map(\.rule) == ["hub:damage", "hub:damage"])
        #expect(try reader.check() == [] && reader.people().count == 1)
    }

    @Test(
        "the daily check reads the store beside the hub that writes it, and finds what is damaged",
        .timeLimit(.minutes(1)))
    func scrub() async throws {
        let home = try Home()
        let daemon = try await home.start()
        // A row that nobody reads at the start, or asks for.
        let connection = try Connection(path: home.store, file: home.store, flags: 2)
        try connection.execute("INSERT INTO command VALUES(x'07', 1, 0, 'nobody', x'', 0)")
        connection.close()
        await daemon.scrub()
        for await event in home.events { if event.rule == "hub:damage" { break } }
        await home.stop()
        let reader = try SQLiteStore.open(path: home.store, mode: .read)
        #expect(try reader.check() == [])
    }

    /// A hub of one person, in a folder that goes with it.
    private final class Home {
        private let folder = FileManager.default.temporaryDirectory.appending(
            path: "vitald-scrub-\(UInt64.random(in: 0...(.max)))")
        var store: String { folder.appending(path: "hub.db").path }
        let events: AsyncStream<Event>
        private let sink: AsyncStream<Event>.Continuation
        private var run: (daemon: Daemon, ended: AsyncStream<Void>)?

        init() throws {
            (events, sink) = AsyncStream.makeStream(of: Event.self)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func start() async throws -> Daemon {
            let configuration = Configuration(
                hubName: "test", storePath: store, socketPath: folder.appending(path: "s").path, profileFolders: [],
                ruleFolders: [], people: [TestHousehold.person], devices: [], assignments: [])
            let (ready, isReady) = AsyncStream.makeStream(of: Void.self)
            let daemon = Daemon(
                configuration: configuration, configured: try TestHousehold.configured(),
                observer: Daemon.Observer(
                    log: { _ in }, event: { [sink] in sink.yield($0) }, ready: { isReady.finish() }))
            // A thread of its own: tests have as many as there are cores, and none to wait with.
            let (ended, isEnded) = AsyncStream.makeStream(of: Void.self)
            Thread.detachNewThread {
                do { try daemon.run() } catch { Issue.record(error) }
                isEnded.finish()
                isReady.finish()
            }
            run = (daemon, ended)
            for await _ in ready {}
            return daemon
        }

        func stop() async {
            guard let run else { return }
            run.daemon.requestStop()
            for await _ in run.ended {}
        }
    }
}
