import Dispatch
import Glibc
import Links
import Profiles
import Simulator
import Synchronization
import Testing
import Vitals

/// A scripted peer at the end of a real pseudo-terminal. Its time is counted in looks at the line.
///
/// `@unchecked Sendable`: the timer is set up in `init` and only cancelled afterwards; the rest is Sendable.
final class PeerLine<Peer: ScriptedPeer>: @unchecked Sendable {
    let line: PseudoTerminal
    let peer: Mutex<(peer: Peer, now: Timestamp)>
    let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "peer"))

    init(_ peer: Peer, link: String) throws {
        line = try PseudoTerminal(link: link)
        self.peer = Mutex((peer, Talk.beginning))
        timer.schedule(deadline: .now(), repeating: .milliseconds(2))
        timer.setEventHandler { @Sendable [weak self] in self?.look() }
        timer.resume()
    }

    func look() {
        let heard = line.read()
        let sent = peer.withLock { state -> [Sending] in
            state.now = state.now + .milliseconds(2)
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

@Suite("Drivers on a real line", .serialized) struct PeerLineTests {
    static func link(_ profile: Profile, _ path: String, _ listener: Listener, _ context: StepContext) throws
        -> SerialLink
    {
        try SerialLink(
            device: Device(id: .test, name: "peer", profile: profile.id, port: path), profile: profile, port: path,
            backoff: .init(first: .milliseconds(5), longest: .milliseconds(50)), context: { context },
            now: { listener.now() }, sink: { listener.take($0) }, log: { listener.log($0) })
    }

    static func decoded(_ profile: Profile, _ listener: Listener) -> [Reading] {
        var decoder = Decoder(profile)
        var decoded = Decoded()
        for case .frame(_, let input, let bytes, let at) in listener.outputs {
            decoder.feed(bytes, input: input, at: at, into: &decoded)
        }
        return decoded.readings
    }

    @Test("an ANT stick is set up, followed, and told to stop when the link is closed") func stick() throws {
        let scratch = Scratch()
        let path = scratch.file("stick")
        let profile = try shipped("ant-hrm")
        let peer = try PeerLine(ANTStick([ANTChannelTests.strap]), link: path)
        let listener = Listener()
        let link = try Self.link(profile, path, listener, ANTChannelTests.context)
        link.start()
        #expect(listener.wait { Self.decoded(profile, $0).count { $0.metric == .heartRate } >= 4 })
        #expect(listener.states == [.connected])
        // From here on the test reads the line itself.
        peer.timer.cancel()
        _ = peer.line.read()
        link.stop()
        #expect(Array(peer.line.read().suffix(10)) == Talk.bytes("a4014c00e9a4014a00ef"))
        peer.close()
    }

    @Test("a download that is unplugged in its middle goes on when the oximeter is back") func unplugged() throws {
        let scratch = Scratch()
        let path = scratch.file("oximeter")
        let profile = try shipped("contec-cms50-legacy")
        let listener = Listener()
        let link = try Self.link(profile, path, listener, ContecHistoryTests.context)
        let first = try PeerLine(ContecRecorder(ContecHistoryTests.recording), link: path)
        link.start()
        func stored() -> [Double] {
            Self.decoded(profile, listener).compactMap { reading in
                if case .at = reading.time, reading.metric == .heartRate { reading.value } else { nil }
            }
        }
        usleep(300_000)
        first.close()
        #expect(listener.wait { $0.states.contains(.lost) })
        #expect(stored().isEmpty)
        let second = try PeerLine(ContecRecorder(ContecHistoryTests.recording), link: path)
        #expect(listener.wait { _ in stored().count >= ContecHistoryTests.recording.count })
        link.stop()
        second.close()
        #expect(stored() == ContecHistoryTests.recording.map { Double($0.pulse) })
    }
}
