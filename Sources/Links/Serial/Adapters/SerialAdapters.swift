/// The serial ports of this machine, as sysfs and udev show them. Nothing is opened.
public enum SerialAdapters {
    /// Deepest chain of hubs and bridges between a port and its USB device.
    private static let deepestParent = 8

    /// Lists the ports that have hardware behind them, by name.
    ///
    /// - Parameter root: where `/sys` and `/dev` are; empty for this machine.
    /// - Complexity: some file reads per port, and one `readlink` for each of the kernel's terminals.
    public static func list(root: String = "") -> [SerialAdapter] {
        let terminals = KernelFolder("\(root)/sys/class/tty")
        let byID = links(in: "\(root)/dev/serial/by-id")
        let byPath = links(in: "\(root)/dev/serial/by-path")
        return terminals.names.compactMap { name in
            // Consoles and pseudo-terminals have no device behind them.
            guard let device = terminals[name]["device"].real else { return nil }
            // The 8250 driver offers ports that nobody soldered in: PORT_UNKNOWN, 0 (linux/serial_core.h).
            guard terminals[name].text(of: "type") != "0" else { return nil }
            let (usb, place) = usb(of: device)
            return SerialAdapter(
                name: name, path: "\(root)/dev/\(name)", usb: usb, place: place, byID: byID[name] ?? [],
                byPath: byPath[name] ?? [])
        }.sorted { order($0.name) < order($1.name) }
    }

    /// `ttyUSB2` before `ttyUSB10`.
    private static func order(_ name: String) -> (Substring, Int) {
        let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
        return (name.dropLast(digits), Int(name.suffix(digits)) ?? -1)
    }

    /// Climbs from the port to its interface and its USB device: `…/1-1.4/1-1.4:1.0/ttyUSB0` for adapters of the
    /// usb-serial drivers, `…/1-3/1-3:1.0` for modems of the class CDC ACM.
    private static func usb(of device: KernelFolder) -> (SerialAdapter.USB?, place: String?) {
        var interface: KernelFolder?
        var folder: KernelFolder? = device
        for _ in 0..<deepestParent {
            guard let current = folder else { break }
            if interface == nil, current["bInterfaceNumber"].exists { interface = current }
            if let vendor = id(current, "idVendor"), let product = id(current, "idProduct") {
                let socket = String(current.name)
                let usb = SerialAdapter.USB(
                    vendor: vendor, product: product, serial: current.text(of: "serial"),
                    manufacturer: current.text(of: "manufacturer"), productName: current.text(of: "product"),
                    socket: socket, interface: interface?.number(of: "bInterfaceNumber", radix: 16),
                    interfaceName: interface?.text(of: "interface"),
                    deviceNumber: current.number(of: "devnum", radix: 10))
                let port = device.number(of: "port_number", radix: 10) ?? 0
                return (usb, (interface.map { String($0.name) } ?? socket) + (port > 0 ? "-port\(port)" : ""))
            }
            folder = current.parent
        }
        return (nil, nil)
    }

    private static func id(_ folder: KernelFolder, _ name: String) -> UInt16? {
        folder.text(of: name).flatMap { UInt16($0, radix: 16) }
    }

    /// udev's links in a folder, by the name of the port that they lead to. Links that lead nowhere are left out.
    private static func links(in path: String) -> [String: [String]] {
        var links: [String: [String]] = [:]
        let folder = KernelFolder(path)
        for name in folder.names where folder[name].exists {
            guard let target = PathWatch.destination(of: "\(path)/\(name)") else { continue }
            links[String(KernelFolder(target).name), default: []].append("\(path)/\(name)")
        }
        return links
    }
}
