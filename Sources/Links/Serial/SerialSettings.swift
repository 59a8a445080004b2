import Vitals

/// How a serial device is spoken to: line format, what is said to it, and when its silence means something.
public struct SerialSettings: Hashable, Sendable {
    public enum Parity: UInt8, Sendable { case none, even, odd }
    public enum Flow: UInt8, Sendable { case none, xonXoff, rtsCts }

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
    /// What is said to the device from opening to closing.
    public var script: Script
    /// No bytes for that long is a silence; `nil` never is.
    public var silence: TimeSpan?
    /// Close and open the port again when silent.
    public var reopensWhenSilent: Bool

    /// How long a device that restarts on opening may stay quiet: an Arduino's boot loader waits up to 2 s for an upload
    /// before the sketch starts.
    public static let settling = TimeSpan.seconds(3)

    public init(
        baud: Int, dataBits: Int = 8, parity: Parity = .none, stopBits: Int = 1, flow: Flow = .none,
        resetsOnOpen: Bool = false, script: Script = Script(), silence: TimeSpan? = nil,
        reopensWhenSilent: Bool = false
    ) {
        self.baud = baud
        self.dataBits = dataBits
        self.parity = parity
        self.stopBits = stopBits
        self.flow = flow
        self.resetsOnOpen = resetsOnOpen
        self.script = script
        self.silence = silence
        self.reopensWhenSilent = reopensWhenSilent
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
