import Vitals

/// A Contec CMS50D+ that has something stored: live frames until it is asked for the recording, then the download.
///
/// Source: atbrask/CMS50Dplus@e916c59207 cms50dplus.py; captures from apneaboard.com Contec_CMS50X_Data_Format.
public struct ContecRecorder: ScriptedPeer {
    /// One second of a recording.
    public struct Value: Hashable, Sendable {
        public var pulse: UInt8
        public var spo2: UInt8

        public init(pulse: UInt8, spo2: UInt8) {
            self.pulse = pulse
            self.spo2 = spo2
        }

        var bytes: [UInt8] { [0xF0 | pulse >> 7, 0x80 | pulse & 0x7F, spo2 & 0x7F] }
    }

    private let recording: [Value]
    private var outbox = Outbox()
    private var heard: [UInt8] = []
    private var live: Timestamp?
    private var isAwake = false

    /// Bytes leave in stretches of this many values: a sixtieth of a second of line at 19200 baud.
    static let stretch = 10
    private static let pace = TimeSpan.milliseconds(17)

    public init(_ recording: [Value], mishaps: Mishaps = Mishaps()) {
        self.recording = recording
        outbox.mishaps = mishaps
    }

    public var next: Timestamp? { [outbox.next, live].compactMap(\.self).min() }

    public mutating func received(_ bytes: [UInt8], at: Timestamp) {
        heard = (heard + bytes).suffix(8)
        if heard.suffix(3) == [0xF6, 0xF6, 0xF6] {
            heard = []
            outbox.clear()
            live = at + Self.pace
        } else if heard.suffix(2) == [0xF5, 0xF5] {
            heard = []
            live = nil
            download(at)
        } else if live == nil, outbox.next == nil {
            // Any byte wakes it.
            live = at + Self.pace
        }
    }

    public mutating func sent(until time: Timestamp) -> [Sending] {
        var sent: [Sending] = []
        while let due = live, due <= time {
            sent.append(Sending(at: due, bytes: CMS50Encoder.Display(pulse: 72, spo2: 97).bytes))
            live = due + Self.pace
        }
        return (outbox.take(until: time) + sent).sorted { $0.at < $1.at }
    }

    private mutating func download(_ at: Timestamp) {
        // Asked again, it begins again.
        outbox.clear()
        let length = max(recording.count * 3 - 1, 0)
        // The rest of a live frame first.
        outbox.post([0x28, 0x35, 0x00], at: at)
        outbox.post(
            [0xF2, 0x80, 0x00, 0xF2, 0x80, 0x00, 0xF2, 0x80, 0x00]
                + [0x80 | UInt8(length >> 14 & 0x7F), 0x80 | UInt8(length >> 7 & 0x7F), UInt8(length & 0x7F)],
            at: at + Self.pace)
        for (index, start) in stride(from: 0, to: recording.count, by: Self.stretch).enumerated() {
            let values = recording[start..<min(start + Self.stretch, recording.count)]
            outbox.post(values.flatMap(\.bytes), at: at + Self.pace * Int64(index + 2))
        }
    }
}
