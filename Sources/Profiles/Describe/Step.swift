import Vitals

/// One thing a link does: on connecting, before leaving, or again and again.
///
/// `StepContext` says what bytes a step sends at a moment.
public indirect enum Step: Hashable, Sendable {
    /// Sends bytes over a serial line.
    case send([UInt8])
    case wait(TimeSpan)
    /// Reads a characteristic and decodes what it returns as a frame. Optional ones may be missing.
    case read(BluetoothUUID, optional: Bool)
    /// Switches notifications on.
    case subscribe(BluetoothUUID, optional: Bool)
    /// Switches indications on.
    case indicate(BluetoothUUID, optional: Bool)
    /// Writes a characteristic, waiting for the device's answer or not.
    case write(BluetoothUUID, Payload, response: Bool, optional: Bool)
    /// Sends a packet of the profile's shape: to a characteristic, or over the serial line when there is none.
    case command(PacketTemplate, to: BluetoothUUID?, response: Bool)
    /// Runs code of that name, for what no list of steps can say.
    case driver(DriverName, arguments: [String: String])
    /// A step that is taken only when an option of that name is on (`history`).
    case ifOption(String, Step)
    /// A step that is taken once per day, today first: `day.ago` counts from 0 up to this many.
    case forEachDay(Int, Step)
    /// A step that is over when the device has answered it.
    case ask(Step, Reply)

    /// What is written.
    public enum Payload: Hashable, Sendable {
        case bytes([UInt8])
        /// Text, in which `${name}` stands for a value of the moment.
        case text(String)
        /// The current time in the layout of characteristic 0x2A2B, in the person's zone or in UTC.
        case currentTime(local: Bool)
    }
}

extension Step {
    /// Whether what it sends depends on the time of day or the date.
    public var tellsTime: Bool {
        switch self {
        case .write(_, .currentTime, _, _): true
        case .write(_, .text(let text), _, _):
            StepContext.pieces(text)?.contains { if case .value(let value) = $0 { value.isTime } else { false } }
                ?? false
        case .command(let packet, _, _):
            packet.pieces.contains { if case .value(let value, _) = $0 { value.isTime } else { false } }
        case .ifOption(_, let step), .forEachDay(_, let step), .ask(let step, _): step.tellsTime
        case .send, .wait, .read, .subscribe, .indicate, .write, .driver: false
        }
    }
}

/// What a device's clock shows.
public enum DeviceClock: String, CaseIterable, Hashable, Sendable { case utc, local }

/// A packet with places for values of the moment.
public struct PacketTemplate: Hashable, Sendable {
    enum Piece: Hashable, Sendable {
        case bytes([UInt8])
        case value(MomentValue, Encoding)
    }

    /// How a value becomes bytes.
    enum Encoding: Hashable, Sendable {
        case integer(size: Int, bigEndian: Bool)
        case bcd

        var size: Int {
            switch self {
            case .integer(let size, _): size
            case .bcd: 1
            }
        }
    }

    /// As the profile wrote it.
    public let source: String
    var pieces: [Piece]
    var shape: PacketShape?
    /// What the values of `now` and `day` are taken from.
    var clock: DeviceClock

    public static func == (a: PacketTemplate, b: PacketTemplate) -> Bool {
        a.source == b.source && a.clock == b.clock && a.shape == b.shape
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(source) }

    /// How many bytes its pieces are.
    var size: Int {
        pieces.reduce(0) { sum, piece in
            switch piece {
            case .bytes(let bytes): sum + bytes.count
            case .value(_, let encoding): sum + encoding.size
            }
        }
    }
}

/// What every packet of a device looks like.
struct PacketShape: Hashable, Sendable {
    /// Filled up to so many bytes; 0 leaves them as they are.
    var length = 0
    var pad: UInt8 = 0
    var check: Check?
    var to: BluetoothUUID?
    var response = false
}

/// Steps that are taken at a fixed interval.
public struct Recurring: Hashable, Sendable {
    public var every: TimeSpan
    public var steps: [Step]

    public init(every: TimeSpan, steps: [Step]) {
        self.every = every
        self.steps = steps
    }
}

/// What is done while somebody watches values in real time.
public struct LiveSteps: Hashable, Sendable {
    public var start: [Step] = []
    public var every: [Recurring] = []
    public var stop: [Step] = []

    public init() {}
}
