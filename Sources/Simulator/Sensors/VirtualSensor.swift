import Vitals

/// The profiles that have an encoder here.
public enum VirtualSensor: String, CaseIterable, Sendable {
    case cms50 = "contec.cms50.legacy"
    case pulseSensor = "arduino.pulsesensor"
    case diyLines = "diy.lines"

    /// Id of the device profile that decodes it.
    public var profile: String { rawValue }

    /// An encoder with the sensor's usual settings.
    public func encoder(for wearer: SyntheticPerson) -> any SensorEncoder {
        switch self {
        case .cms50: CMS50Encoder(wearer: wearer)
        case .pulseSensor: PulseSensorEncoder(wearer: wearer)
        case .diyLines: DIYLinesEncoder(wearer: wearer)
        }
    }
}
