import Links
import Profiles
import Vitals

/// A conversation under test: what happened to it, and what it did, with times since its beginning.
struct Talk {
    enum Event {
        case start
        case received(String, on: Conversation.Channel)
        case answered(Conversation.Answer)
        case watch(Bool)
        case stop
        case nothing
    }

    static let beginning = Timestamp(milliseconds: 1_773_581_445_000)  // 2026-03-15T13:30:45Z

    var conversation: Conversation
    /// `1500 write port f5`.
    var lines: [String] = []
    /// Answers every request at once: a device that has everything and refuses nothing.
    var answersAtOnce = false
    var at: Int64 = 0

    init(_ script: Script, context: StepContext = Talk.context(), memory: DriverMemory? = nil) {
        conversation = Conversation(script, context: context, memory: memory)
    }

    static func context(
        options: Set<String> = [], settings: [String: Int] = [:], since: Timestamp? = nil,
        secrets: [String: String] = [:]
    ) -> StepContext {
        StepContext(
            now: .distantPast, zone: .utc, settings: settings, options: options, historySince: since, secrets: secrets)
    }

    /// Plays events at their times. Deadlines in between are met exactly, or, with `lazily`, only at the next event.
    mutating func play(_ events: [(Int64, Event)], lazily: Bool = false) {
        for (due, event) in events {
            if !lazily { run(to: due) }
            at = max(at, due)
            take(conversation.apply(event, Talk.beginning + .milliseconds(at)))
        }
    }

    mutating func run(to due: Int64) {
        while let deadline = conversation.deadline, deadline <= Talk.beginning + .milliseconds(due) {
            at = max(at, (deadline - Talk.beginning).milliseconds)
            take(conversation.advance(to: deadline))
        }
        at = max(at, due)
    }

    mutating func take(_ actions: [Conversation.Action]) {
        for action in actions {
            lines.append("\(at) \(Talk.text(action))")
            guard answersAtOnce, action.isRequest else { continue }
            take(conversation.answered(.done, at: Talk.beginning + .milliseconds(at)))
        }
    }

    static func text(_ action: Conversation.Action) -> String {
        switch action {
        case .write(let channel, let bytes, let response):
            "write \(channel.name) \(hex(bytes))" + (response ? " and wait" : "")
        case .read(let channel): "read \(channel.name)"
        case .subscribe(let channel, let indications): "\(indications ? "indicate" : "subscribe") \(channel.name)"
        case .frame(let input, let bytes): "frame \(input) \(hex(bytes))"
        case .ready: "ready"
        case .remember(let change): "remember \(change)"
        case .note(let text): "note \(text)"
        case .failed(let reason): "failed \(reason)"
        case .finished: "finished"
        }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func bytes(_ hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension Conversation {
    mutating func apply(_ event: Talk.Event, _ at: Timestamp) -> [Action] {
        switch event {
        case .start: start(at: at)
        case .received(let hex, let channel): received(Talk.bytes(hex), on: channel, at: at)
        case .answered(let answer): answered(answer, at: at)
        case .watch(let isWatched): watch(isWatched, at: at)
        case .stop: stop(at: at)
        case .nothing: advance(to: at)
        }
    }
}

extension Conversation.Action {
    var isRequest: Bool {
        switch self {
        case .read, .subscribe: true
        case .write(_, _, let response): response
        default: false
        }
    }
}

extension Conversation.Channel {
    static func uuid(_ text: String) -> Self { BluetoothUUID(text).map { .characteristic($0) } ?? .port }

    var name: String {
        switch self {
        case .port: "port"
        case .characteristic(let uuid): "\(uuid)"
        }
    }
}

extension Script {
    /// Of a Bluetooth profile that has the given steps and one input, FFE1.
    static func bluetooth(_ steps: String) throws -> Script {
        Script(
            try Profile(
                text: """
                    { schema: 1, id: "test.talk", version: 1, name: "t", transport: "ble", \(steps),
                      inputs: { data: { char: "FFE1" } }, messages: [ { id: "any", input: "data" } ] }
                    """, file: "talk.json5"))
    }

    static func serial(_ steps: String) throws -> Script {
        Script(
            try Profile(
                text: """
                    { schema: 1, id: "test.talk", version: 1, name: "t", transport: "serial", port: { baud: 9600 }, \(steps),
                      inputs: { wire: { serial: true } }, messages: [ { id: "any", input: "wire" } ] }
                    """, file: "talk.json5"))
    }
}
