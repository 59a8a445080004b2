import Vitals

/// One thing a link does: on connecting, before leaving, or again and again.
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
    /// A step that is taken only when an option of that name is on (`history`).
    case ifOption(String, Step)

    /// What is written.
    public enum Payload: Hashable, Sendable {
        case bytes([UInt8])
        /// Text, in which `${name}` stands for a value of the moment.
        case text(String)
        /// The current time in the layout of characteristic 0x2A2B, in the person's zone or in UTC.
        case currentTime(local: Bool)
    }
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
