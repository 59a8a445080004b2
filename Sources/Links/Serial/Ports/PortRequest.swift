import Profiles
import Vitals

/// A configured device that wants a serial port.
struct PortRequest: Sendable {
    var device: DeviceID
    /// Its short name, for the log.
    var name: String
    var port: PortName
    var profile: Profile

    /// Whether the port must be found first.
    var isSearched: Bool { if case .path = port { false } else { true } }

    /// What the profile says about an adapter of these ids.
    func match(_ adapter: SerialAdapter) -> (matches: Bool, needsProbe: Bool) {
        guard let usb = adapter.usb else { return (false, false) }
        return profile.match.usb(vendor: usb.vendor, product: usb.product)
    }
}
