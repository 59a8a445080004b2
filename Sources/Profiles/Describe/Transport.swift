import Vitals

/// How bytes of a device reach the hub.
public enum Transport: String, CaseIterable, Hashable, Sendable {
    case ble, serial
}

/// The settings of a serial port, as `termios` wants them.
public struct PortSettings: Hashable, Sendable {
    public enum Parity: Hashable, Sendable { case none, odd, even }

    public enum Flow: String, CaseIterable, Hashable, Sendable { case none, xonxoff, rtscts }

    /// Bits per second.
    public var baud: Int
    /// 5 to 8.
    public var dataBits: Int
    public var parity: Parity
    /// 1 or 2.
    public var stopBits: Int
    public var flow: Flow
    /// Opening the port restarts the device (an Arduino): what it says in its first seconds is noise.
    public var resetOnOpen: Bool

    public init(
        baud: Int, dataBits: Int = 8, parity: Parity = .none, stopBits: Int = 1, flow: Flow = .none,
        resetOnOpen: Bool = false
    ) {
        self.baud = baud
        self.dataBits = dataBits
        self.parity = parity
        self.stopBits = stopBits
        self.flow = flow
        self.resetOnOpen = resetOnOpen
    }

    /// Data bits, parity and stop bits in the usual short form, e.g. `8O1`.
    public var format: String {
        let letter =
            switch parity {
            case .none: "N"
            case .odd: "O"
            case .even: "E"
            }
        return "\(dataBits)\(letter)\(stopBits)"
    }
}

/// When a port with a shared USB id is claimed: only after so many good frames within a time.
public struct Probe: Hashable, Sendable {
    public var span: TimeSpan
    /// Good frames that are needed.
    public var frames: Int
    /// Bad stretches that are tolerated.
    public var errors: Int

    public init(span: TimeSpan, frames: Int, errors: Int) {
        self.span = span
        self.frames = frames
        self.errors = errors
    }
}

/// How a Bluetooth link is kept.
public struct LinkSettings: Hashable, Sendable {
    public enum Bond: String, CaseIterable, Hashable, Sendable {
        case never
        case ifAsked = "if-asked"
        case required
    }

    public enum Scan: String, CaseIterable, Hashable, Sendable { case active, passive }

    public enum Reconnect: String, CaseIterable, Hashable, Sendable { case always, never }

    public var bond: Bond = .ifAsked
    /// The device talks to one central at a time.
    public var exclusive = false
    /// The ATT MTU to ask for; `nil` leaves the default of 23.
    public var mtu: Int?
    /// How long to wait between connecting and the first step.
    public var settle: TimeSpan = .zero
    /// `false`: the device is only listened to, its values are in its advertisements.
    public var connects = true
    public var scan: Scan = .passive
    public var reconnect: Reconnect = .always

    public init() {}
}
