import Profiles
import Vitals

extension SerialSettings {
    /// What a profile says about its serial line; `nil` when the profile is not for one.
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
        self.init(
            baud: port.baud, dataBits: port.dataBits, parity: parity, stopBits: port.stopBits, flow: flow,
            resetsOnOpen: port.resetOnOpen, script: Script(profile), silence: profile.silence,
            reopensWhenSilent: profile.watchdogReconnects)
    }
}

extension SerialLink {
    /// A link to `device` at `port`, spoken to as its profile says.
    ///
    /// - Throws: when the profile is not for a serial line.
    public init(
        device: Device, profile: Profile, port: String, backoff: Backoff = Backoff(),
        context: @escaping @Sendable () -> StepContext = SerialLink.plainContext,
        now: @escaping @Sendable () -> Timestamp, sink: @escaping @Sendable (LinkOutput) -> Void,
        log: @escaping @Sendable (String) -> Void
    ) throws(LinkError) {
        guard let settings = SerialSettings(profile) else {
            throw LinkError(
                .unsupported, path: port,
                "the profile \(profile.id) of device '\(device.name)' is not for a serial port")
        }
        self.init(
            device: device.id, path: port, settings: settings, backoff: backoff, context: context, now: now,
            sink: sink, log: log)
    }
}
