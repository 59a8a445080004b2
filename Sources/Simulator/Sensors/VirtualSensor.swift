import Vitals

/// Sensors whose encoder is written by hand; `ProfileSensor` makes those of all other profiles. The demo plays them.
public enum VirtualSensor: String, CaseIterable, Sendable {
    case cms50 = "contec.cms50.legacy"
    case pulseSensor = "arduino.pulsesensor"
    case diyLines = "diy.lines"

    /// Id of the device profile that decodes it.
    public var profile: String { rawValue }

    /// A virtual device made of the profile would say less: these have a pulse wave and send it, and every beat, when the
    /// heart does it, which no profile tells.
    public var knowsMoreThanItsProfile: Bool { self != .diyLines }

    /// An encoder with the sensor's usual settings.
    public func encoder(for wearer: SyntheticPerson) -> any SensorEncoder {
        switch self {
        case .cms50: CMS50Encoder(wearer: wearer)
        case .pulseSensor: PulseSensorEncoder(wearer: wearer)
        case .diyLines: DIYLinesEncoder(wearer: wearer)
        }
    }
}
