import Profiles
import Vitals

extension SerialSettings {
    /// What a profile says about its serial line; `nil` when the profile is not for one.
    ///
    /// Steps that hang on an option (`if:`) are left out: no option exists yet.
    public init?(_ profile: Profile) {
        guard profile.transport == .serial, let port = profile.port else { return nil }
        let parity: Parity =
            switch port.parity {
            case .none: .none
            case .even: .even
            case .odd: .odd
            }
        let flow: Flow =
            switch port.flow {
            case .none: .none
            case .xonxoff: .xonXoff
            case .rtscts: .rtsCts
            }
        let serial = profile.inputs.filter { $0.value == .serial }.keys.min()
        self.init(
            baud: port.baud, dataBits: port.dataBits, parity: parity, stopBits: port.stopBits, flow: flow,
            resetsOnOpen: port.resetOnOpen, opening: profile.connect.compactMap(Opening.init),
            recurring: (profile.keepAlive + profile.poll).compactMap { recurring in
                let bytes = recurring.steps.flatMap { step -> [UInt8] in
                    if case .send(let bytes) = step { bytes } else { [] }
                }
                return bytes.isEmpty ? nil : Repeated(every: recurring.every, bytes: bytes)
            },
            silence: profile.silence, reopensWhenSilent: profile.watchdogReconnects, input: serial ?? "port")
    }
}

extension SerialSettings.Opening {
    fileprivate init?(_ step: Step) {
        switch step {
        case .send(let bytes): self = .send(bytes)
        case .wait(let span): self = .wait(span)
        default: return nil
        }
    }
}

extension SerialLink {
    /// A link to `device` at `port`, spoken to as its profile says.
    ///
    /// - Throws: when the profile is not for a serial line.
    public init(
        device: Device, profile: Profile, port: String, backoff: Backoff = Backoff(),
        now: @escaping @Sendable () -> Timestamp, sink: @escaping @Sendable (LinkOutput) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) throws(LinkError) {
        guard let settings = SerialSettings(profile) else {
            throw LinkError(
                .unsupported, path: port,
                "the profile \(profile.id) of device '\(device.name)' is not for a serial port")
        }
        self.init(
            device: device.id, path: port, settings: settings, backoff: backoff, now: now, sink: sink, log: log)
    }
}
