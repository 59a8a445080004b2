import Links
import Profiles
import Simulator
import Testing
import Vitals

/// A conversation and a scripted peer that talk to each other, in time that passes only when they need it.
struct Duet<Peer: ScriptedPeer> {
    let profile: Profile
    var conversation: Conversation
    var peer: Peer
    /// Where the peer's bytes come from.
    var channel = Conversation.Channel.port
    var now = Talk.beginning
    var actions: [Conversation.Action] = []
    var decoder: Decoder
    var decoded = Decoded()
    /// When the next piece of what the peer sends is taken apart: the line's own idea of packets.
    var pieces: Int?

    init(_ profile: Profile, _ context: StepContext, _ peer: Peer, memory: DriverMemory? = nil) {
        self.profile = profile
        self.peer = peer
        conversation = Conversation(Script(profile), context: context, memory: memory)
        decoder = Decoder(profile)
    }

    mutating func start() { perform(conversation.start(at: now)) }

    mutating func run(for span: TimeSpan) {
        let end = now + span
        while let due = [conversation.deadline, peer.next].compactMap(\.self).min(), due <= end {
            now = max(now, due)
            perform(conversation.advance(to: now))
            for sending in peer.sent(until: now) {
                for piece in cut(sending.bytes) { perform(conversation.received(piece, on: channel, at: now)) }
            }
        }
        now = end
        perform(conversation.advance(to: now))
    }

    private func cut(_ bytes: [UInt8]) -> [[UInt8]] {
        guard let pieces else { return [bytes] }
        return stride(from: 0, to: bytes.count, by: pieces).map { Array(bytes[$0..<min($0 + pieces, bytes.count)]) }
    }

    mutating func perform(_ next: [Conversation.Action]) {
        for action in next {
            actions.append(action)
            switch action {
            case .write(_, let bytes, let response):
                peer.received(bytes, at: now)
                if response { perform(conversation.answered(.done, at: now)) }
            case .subscribe: perform(conversation.answered(.done, at: now))
            case .read: perform(conversation.answered(.missing, at: now))
            case .frame(let input, let bytes): decoder.feed(bytes, input: input, at: now, into: &decoded)
            case .ready, .remember, .note, .failed, .finished: break
            }
        }
    }

    func values(_ metric: Metric) -> [Double] { decoded.readings.filter { $0.metric == metric }.map(\.value) }

    var notes: [String] { actions.compactMap { if case .note(let text) = $0 { text } else { nil } } }

    var failure: String? { actions.compactMap { if case .failed(let text) = $0 { text } else { nil } }.first }

    var isReady: Bool { actions.contains(.ready) }
}

/// A profile as it is shipped.
func shipped(_ name: String) throws -> Profile {
    var parts = #filePath.split(separator: "/")
    parts.removeLast(4)
    let path = "/" + parts.joined(separator: "/") + "/DeviceProfiles/\(name).json5"
    let text = String(decoding: Scratch.bytes(path), as: UTF8.self)
    return try Profile(text: text, file: path)
}
