import Dispatch
import Foundation
import Links
import Simulator
import Storage
import Synchronization
import Testing
import Vitals

@Suite("A recording that a device has stored", .serialized)
struct StoredDataTests {
    /// A recorder at the end of a pseudo-terminal.
    ///
    /// `@unchecked Sendable`: the timer is set up in `init` and only cancelled afterwards; the rest is Sendable.
    private final class Oximeter: @unchecked Sendable {
        private let line: PseudoTerminal
        private let recorder: Mutex<(peer: ContecRecorder, now: Timestamp)>
        private let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "oximeter"))

        init(_ recording: [ContecRecorder.Value], link: String) throws {
            line = try PseudoTerminal(link: link)
            recorder = Mutex((ContecRecorder(recording), Timestamp(milliseconds: 0)))
            timer.schedule(deadline: .now(), repeating: .milliseconds(5))
            timer.setEventHandler { @Sendable [weak self] in self?.look() }
            timer.resume()
        }

        private func look() {
            let heard = line.read()
            let sent = recorder.withLock { state -> [Sending] in
                state.now = state.now + .milliseconds(5)
                if !heard.isEmpty { state.peer.received(heard, at: state.now) }
                return state.peer.sent(until: state.now)
            }
            for sending in sent where line.hasReader { line.write(sending.bytes) }
        }

        func close() {
            timer.cancel()
            line.close()
        }
    }

    /// Pulses that live data (72) never has.
    private static let recording = (0..<400).map { ContecRecorder.Value(pulse: UInt8(100 + $0 % 97), spo2: 95) }

    private static func stored(_ path: String) throws -> [Sample] {
        let store = try SQLiteStore.open(path: path, mode: .read)
        defer { store.close() }
        var samples: [Sample] = []
        for person in try store.people() {
            try store.samples(of: person.id, metrics: [.heartRate], in: TimeRange(.distantPast, .distantFuture)) {
                if $0.value >= 100 { samples.append($0) }
            }
        }
        return samples.sorted { $0.time < $1.time }
    }

    @Test("is stored once, with the times it was given, although the hub is killed before and after its commit")
    func once() throws {
        let folder = TemporaryFolder()
        let store = folder.path("hub.db")
        func start(commit: String) throws -> Program.Running {
            try """
            {
              store: "hub.db", socket: "\(folder.path("s"))", profiles: "\(Program.packageRoot.path)/DeviceProfiles",
              rules: "\(Program.packageRoot.path)/Rules", commit: "\(commit)",
              people: [ { name: "ada" } ],
              devices: [ { name: "clip", profile: "contec.cms50.legacy", port: "\(folder.path("clip"))", person: "ada" } ],
            }
            """.write(toFile: folder.path("vitald.json5"), atomically: true, encoding: .utf8)
            return try Program.Running(["run", "--config", folder.path("vitald.json5")])
        }
        let oximeter = try Oximeter(Self.recording, link: folder.path("clip"))
        defer { oximeter.close() }

        let first = try start(commit: "30s")
        #expect(first.waitFor("400 values, taken to have ended"), "\(first.errors)")
        first.kill()

        let second = try start(commit: "1s")
        #expect(second.waitFor("stored data: 400 values"), "\(second.errors)")
        let deadline = Date().addingTimeInterval(20)
        while try Self.stored(store).count < 400, Date() < deadline { usleep(100_000) }
        // The note that all was handed on goes into the commit after the values at the latest.
        usleep(2_500_000)
        second.kill()
        let before = try Self.stored(store)
        #expect(before.map(\.value) == Self.recording.map { Float($0.pulse) })
        #expect(zip(before, before.dropFirst()).allSatisfy { $1.time - $0.time == .seconds(1) })

        let third = try start(commit: "1s")
        #expect(third.waitFor("400 values, known already"), "\(third.errors)")
        usleep(2_500_000)
        third.terminate()
        #expect(third.finish(limit: 5).status == 0)
        let after = try Self.stored(store)
        #expect(after.map(\.time) == before.map(\.time) && after.map(\.value) == before.map(\.value))
    }
}
