/// How a configuration names a serial port.
///
/// | written | means |
/// |---|---|
/// | `/dev/serial/by-id/usb-…`, any other path | what is found there |
/// | `usb:10c4:ea60` | the one adapter with these USB ids (`lsusb`); `usb:2341:*` for any product |
/// | `usb:1a86:7523@1-1.4` | of several, the one in this socket |
/// | `usb:10c4:ea60@AB0123` | of several, the one with this serial number |
/// | `auto` | the one adapter on which the profile's device answers |
public enum PortName: Hashable, Sendable, CustomStringConvertible {
    case path(String)
    /// - Parameter place: serial number, socket (`1-1.4`), place (`1-1.4:1.0`), or name of a link in by-path or by-id.
    case usb(vendor: UInt16, product: UInt16?, place: String?)
    case auto

    /// - Throws: `LinkError` with what is expected, for text that begins with `usb:` and goes on wrongly.
    public init(_ text: String) throws(LinkError) {
        if text == "auto" {
            self = .auto
        } else if text.hasPrefix("usb:") {
            self = try PortName.usb(text)
        } else {
            self = .path(text)
        }
    }

    private static func usb(_ text: String) throws(LinkError) -> PortName {
        let parts = text.dropFirst(4).split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let ids = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        guard ids.count == 2, let vendor = id(ids[0]), ids[1] == "*" || id(ids[1]) != nil else {
            throw LinkError(
                .unsupported, path: text,
                "expected USB ids of four hexadecimal digits each, as lsusb shows them, like usb:10c4:ea60")
        }
        let place = parts.count == 2 ? String(parts[1]) : nil
        guard place != "" else {
            throw LinkError(
                .unsupported, path: text,
                "expected a serial number or a socket after the @, like usb:10c4:ea60@1-1.4")
        }
        return .usb(vendor: vendor, product: id(ids[1]), place: place)
    }

    private static func id(_ digits: Substring) -> UInt16? {
        digits.utf8.count == 4 && !digits.hasPrefix("+") && !digits.hasPrefix("-") ? UInt16(digits, radix: 16) : nil
    }

    static func hex(_ id: UInt16) -> String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// As it is written.
    public var description: String {
        switch self {
        case .path(let path): path
        case .usb(let vendor, let product, let place):
            "usb:\(PortName.hex(vendor)):\(product.map(PortName.hex) ?? "*")" + (place.map { "@\($0)" } ?? "")
        case .auto: "auto"
        }
    }

    /// Which of the adapters it may mean, in their order. For `auto` all on USB: only their profile and a probe can tell.
    public func resolve(adapters: [SerialAdapter]) -> [SerialAdapter] {
        switch self {
        case .path(let path):
            adapters.filter { $0.path == path || $0.byID.contains(path) || $0.byPath.contains(path) }
        case .usb(let vendor, let product, let place):
            adapters.filter { adapter in
                guard let usb = adapter.usb else { return false }
                return usb.vendor == vendor && (product ?? usb.product) == usb.product
                    && (place.map { adapter.isAt($0) } ?? true)
            }
        case .auto: adapters.filter { $0.usb != nil }
        }
    }

    /// The one adapter it means.
    ///
    /// - Throws: `LinkError` that names what is there and how to write each.
    public func only(of adapters: [SerialAdapter]) throws(LinkError) -> SerialAdapter {
        let found = resolve(adapters: adapters)
        guard let first = found.first else { throw missing(adapters) }
        guard found.count == 1 else { throw ambiguous(found, of: adapters) }
        return first
    }

    func missing(_ adapters: [SerialAdapter]) -> LinkError {
        guard case .usb(let vendor, let product, .some) = self else {
            return LinkError(.missing, path: description, "no such adapter is plugged in")
        }
        let others = PortName.usb(vendor: vendor, product: product, place: nil).resolve(adapters: adapters)
        let hint = PortName.listed(others, of: adapters)
        return LinkError(
            .missing, path: description,
            others.isEmpty ? "no such adapter is plugged in" : "not plugged in there; of this kind there is \(hint)")
    }

    func ambiguous(_ found: [SerialAdapter], of adapters: [SerialAdapter]) -> LinkError {
        LinkError(
            .ambiguous, path: description,
            "\(found.count) adapters fit; write as port \(PortName.listed(found, of: adapters))")
    }

    private static func listed(_ found: [SerialAdapter], of adapters: [SerialAdapter]) -> String {
        found.map { "\($0.exactSpelling(among: adapters)) (\($0.title))" }.joined(separator: ", or ")
    }
}

extension SerialAdapter {
    fileprivate func isAt(_ place: String) -> Bool {
        place == usb?.serial || place == usb?.socket || place == self.place
            || (byID + byPath).contains { $0.hasSuffix("/\(place)") || $0 == place }
    }
}
