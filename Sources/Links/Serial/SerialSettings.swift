import Vitals

/// How a serial device is spoken to: line format, what to send first, and when its silence means something.
public struct SerialSettings: Hashable, Sendable {
    public enum Parity: UInt8, Sendable { case none, even, odd }
    public enum Flow: UInt8, Sendable { case none, xonXoff, rtsCts }

    /// What is done with the port before it counts as connected.
    public enum Opening: Hashable, Sendable {
        case send([UInt8])
        case wait(TimeSpan)
    }

    /// Bytes sent at a fixed interval.
    public struct Repeated: Hashable, Sendable {
        public var every: TimeSpan
        public var bytes: [UInt8]

        public init(every: TimeSpan, bytes: [UInt8]) {
            self.every = every
            self.bytes = bytes
        }
    }

    /// Bits per second; one of `SerialPort.speeds`.
    public var baud: Int
    /// 5…8.
    public var dataBits: Int
    public var parity: Parity
    /// 1 or 2.
    public var stopBits: Int
    public var flow: Flow
    /// The device restarts when the port is opened (DTR rises, as on an Arduino). Closing then leaves DTR up, so that
    /// the next opening does not restart it again, and its silence is excused for `settling`.
    public var resetsOnOpen: Bool
    public var opening: [Opening]
    /// What is sent again and again while connected: some devices fall asleep without.
    public var recurring: [Repeated]
    /// No bytes for that long is a silence; `nil` never is.
    public var silence: TimeSpan?
    /// Close and open the port again when silent.
    public var reopensWhenSilent: Bool
    /// Name of the profile's input that the bytes belong to.
    public var input: String

    /// How long a device that restarts on opening may stay quiet: an Arduino's boot loader waits up to 2 s for an upload
    /// before the sketch starts.
    public static let settling = TimeSpan.seconds(3)

    public init(
        baud: Int, dataBits: Int = 8, parity: Parity = .none, stopBits: Int = 1, flow: Flow = .none,
        resetsOnOpen: Bool = false, opening: [Opening] = [], recurring: [Repeated] = [], silence: TimeSpan? = nil,
        reopensWhenSilent: Bool = false, input: String = "port"
    ) {
        self.baud = baud
        self.dataBits = dataBits
        self.parity = parity
        self.stopBits = stopBits
        self.flow = flow
        self.resetsOnOpen = resetsOnOpen
        self.opening = opening
        self.recurring = recurring
        self.silence = silence
        self.reopensWhenSilent = reopensWhenSilent
        self.input = input
    }

    /// Data bits, parity and stop bits in the usual short form, e.g. `8O1`.
    public var format: String {
        let letter =
            switch parity {
            case .none: "N"
            case .even: "E"
            case .odd: "O"
            }
        return "\(dataBits)\(letter)\(stopBits)"
    }
}
