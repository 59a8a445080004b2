import Glibc

@testable import Links

/// A machine made of files: `/sys` and `/dev` as the kernel and udev lay them out, below a folder of its own.
final class Machine {
    let scratch = Scratch()
    var root: String { scratch.path }

    /// What a USB device says of itself.
    struct Gadget {
        var vendor: String
        var product: String
        var serial: String?
        var manufacturer: String?
        var productName: String?

        static let oximeter = Gadget(
            vendor: "10c4", product: "ea60", serial: "0001", manufacturer: "Silicon Labs",
            productName: "CP2102 USB to UART Bridge Controller")
        static let nameless = Gadget(vendor: "1a86", product: "7523", productName: "USB Serial")
        static let arduino = Gadget(
            vendor: "2341", product: "0043", serial: "7563331313335", manufacturer: "Arduino (www.arduino.cc)")
    }

    init() {
        for folder in ["sys/class/tty", "dev/serial/by-id", "dev/serial/by-path"] { make(folder) }
    }

    private static let controller = "sys/devices/pci0000:00/0000:00:14.0/usb1"
    private var enumerated = 1

    func make(_ path: String) {
        var whole = root
        for part in path.split(separator: "/") {
            whole += "/\(part)"
            mkdir(whole, 0o755)
        }
    }

    func write(_ path: String, _ text: String?) {
        if let text { _ = scratch.write(path, Array("\(text)\n".utf8)) }
    }

    func link(_ path: String, to target: String) {
        unlink("\(root)/\(path)")
        symlink(target, "\(root)/\(path)")
    }

    /// Plugs a gadget into a socket. `terminal` is the other end of its line.
    ///
    /// - Parameter port: for several ports on one interface.
    func plug(
        _ gadget: Gadget, _ name: String, socket: String, interface: Int = 0, port: Int = 0, terminal: String,
        hasLinks: Bool = true
    ) {
        let device = "\(Machine.controller)/\(socket)"
        let numbered = "\(socket):1.\(interface)"
        make("\(device)/\(numbered)")
        enumerated += 1
        write("\(device)/idVendor", gadget.vendor)
        write("\(device)/idProduct", gadget.product)
        write("\(device)/serial", gadget.serial)
        write("\(device)/manufacturer", gadget.manufacturer)
        write("\(device)/product", gadget.productName)
        write("\(device)/devnum", String(enumerated))
        write("\(device)/\(numbered)/bInterfaceNumber", "0\(interface)")
        // usb-serial drivers have a folder for the port, CDC ACM has none.
        let isAdapter = name.hasPrefix("ttyUSB")
        let folder = "\(device)/\(numbered)" + (isAdapter ? "/\(name)" : "")
        make("\(folder)/tty/\(name)")
        if isAdapter { write("\(folder)/port_number", String(port)) }
        link("\(folder)/tty/\(name)/device", to: isAdapter ? "../../../\(name)" : "../../../\(numbered)")
        link("sys/class/tty/\(name)", to: "../../../\(folder)/tty/\(name)")
        if hasLinks {
            link("dev/serial/by-path/pci-0000:00:14.0-usb-0:\(socket):1.\(interface)-port\(port)", to: "../../\(name)")
            if gadget.serial != nil {
                link(
                    "dev/serial/by-id/usb-\(gadget.vendor)_\(gadget.serial ?? "")-if0\(interface)", to: "../../\(name)")
            }
        }
        // udev and the kernel's node come last.
        link("dev/\(name)", to: terminal)
    }

    func unplug(_ name: String, socket: String) {
        unlink("\(root)/sys/class/tty/\(name)")
        unlink("\(root)/dev/\(name)")
        for folder in ["by-id", "by-path"] {
            for link in KernelFolder("\(root)/dev/serial/\(folder)").names {
                let path = "\(root)/dev/serial/\(folder)/\(link)"
                if PathWatch.destination(of: path) == "../../\(name)" { unlink(path) }
            }
        }
    }

    var adapters: [SerialAdapter] { SerialAdapters.list(root: root) }

    /// Messages without the folder's own name.
    func plain(_ text: String) -> String {
        var text = text[...]
        var plain = ""
        while let place = text.firstRange(of: root) {
            plain += text[..<place.lowerBound]
            text = text[place.upperBound...]
        }
        return plain + text
    }
}
