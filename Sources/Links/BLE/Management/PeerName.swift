/// How a configuration names a Bluetooth LE device.
public enum PeerName: Hashable, Sendable {
    /// `C0:11:22:33:44:55`: its address, or its identity address once it is bonded. The kind is found by listening unless
    /// it is written behind: `C0:11:22:33:44:55 random`.
    case address(number: UInt64, kind: BluetoothAddress.Kind?)
    /// `name:Polar H10 9A2B1C2D`: the name that it advertises, whole.
    case advertised(String)
    /// `auto`: the only device around that the profile fits.
    case auto

    /// Reads the value of `address` in a configuration.
    ///
    /// - Throws: `LinkError` with what was expected.
    public init(_ text: String) throws(LinkError) {
        let words = text.split(separator: " ")
        if text == "auto" {
            self = .auto
        } else if text.hasPrefix("name:"), text.utf8.count > 5 {
            self = .advertised(String(text.dropFirst(5)))
        } else if let first = words.first, words.count <= 2,
            let number = BluetoothAddress(String(first), kind: .public)?.number
        {
            guard words.count == 2 else {
                self = .address(number: number, kind: nil)
                return
            }
            switch words[1] {
            case "public": self = .address(number: number, kind: .public)
            case "random": self = .address(number: number, kind: .random)
            default:
                throw LinkError(.missing, path: text, "the kind of an address is public or random, not \(words[1])")
            }
        } else {
            throw LinkError(
                .missing, path: text,
                "expected an address like C0:11:22:33:44:55, name: and the advertised name, or auto; "
                    + "vitald devices scan shows what is around")
        }
    }

    /// Whether this device may be the one that is meant; `fits` tells whether the profile matches it.
    func means(_ advertiser: Advertiser, fits: () -> Bool) -> Bool {
        switch self {
        case .address(let number, let kind):
            advertiser.address.number == number && (kind == nil || advertiser.address.kind == kind)
        case .advertised(let name): advertiser.advertisement.name == name
        case .auto: fits()
        }
    }
}
