import Glibc
import Testing

@testable import Links

@Suite("Serial adapters") struct SerialAdapterTests {
    @Test("an adapter with a serial number is listed with all that is known of it") func whole() throws {
        let machine = Machine()
        machine.plug(.oximeter, "ttyUSB0", socket: "1-1.4", terminal: "/dev/null")
        let root = machine.root
        #expect(
            machine.adapters == [
                SerialAdapter(
                    name: "ttyUSB0", path: "\(root)/dev/ttyUSB0",
                    usb: .init(
                        vendor: 0x10C4, product: 0xEA60, serial: "0001", manufacturer: "Silicon Labs",
                        productName: "CP2102 USB to UART Bridge Controller", socket: "1-1.4", interface: 0,
                        deviceNumber: 2),
                    place: "1-1.4:1.0", byID: ["\(root)/dev/serial/by-id/usb-10c4_0001-if00"],
                    byPath: ["\(root)/dev/serial/by-path/pci-0000:00:14.0-usb-0:1-1.4:1.0-port0"])
            ])
    }

    @Test("only ports with hardware behind them are listed, in the order of their numbers") func others() {
        let machine = Machine()
        // A console; a port that was soldered in, and one that was not; links that lead nowhere.
        machine.make("sys/devices/virtual/tty/tty0")
        machine.link("sys/class/tty/tty0", to: "../../devices/virtual/tty/tty0")
        for (name, type) in [("ttyS0", "4"), ("ttyS1", "0")] {
            machine.make("sys/devices/platform/serial8250/tty/\(name)")
            machine.write("sys/devices/platform/serial8250/tty/\(name)/type", type)
            machine.link("sys/devices/platform/serial8250/tty/\(name)/device", to: "../../../serial8250")
            machine.link("sys/class/tty/\(name)", to: "../../devices/platform/serial8250/tty/\(name)")
        }
        machine.link("sys/class/tty/ttyUSB7", to: "../../devices/gone/ttyUSB7")
        machine.link("dev/serial/by-id/usb-gone-if00", to: "../../ttyUSB7")
        machine.plug(.nameless, "ttyUSB10", socket: "1-3", terminal: "/dev/null")
        machine.plug(.nameless, "ttyUSB9", socket: "1-2", terminal: "/dev/null")
        #expect(machine.adapters.map(\.name) == ["ttyS0", "ttyUSB9", "ttyUSB10"])
        #expect(machine.adapters.first?.usb == nil && machine.adapters.first?.place == nil)
        #expect(machine.adapters.allSatisfy { $0.byID.isEmpty })
    }

    @Test("a machine without any of this has no ports, and that is no error") func empty() {
        #expect(SerialAdapters.list(root: "/nowhere") == [])
        #expect(SerialAdapters.list().allSatisfy { !$0.name.isEmpty })
    }

    @Test("interfaces of one device, and ports of one interface, are told apart") func interfaces() {
        let machine = Machine()
        machine.plug(.arduino, "ttyACM0", socket: "1-3", interface: 0, terminal: "/dev/null")
        machine.plug(.arduino, "ttyACM1", socket: "1-3", interface: 2, terminal: "/dev/null")
        machine.plug(.nameless, "ttyUSB0", socket: "1-5", port: 0, terminal: "/dev/null")
        machine.plug(.nameless, "ttyUSB1", socket: "1-5", port: 1, terminal: "/dev/null")
        #expect(machine.adapters.map(\.place) == ["1-3:1.0", "1-3:1.2", "1-5:1.0", "1-5:1.0-port1"])
        #expect(machine.adapters.map { $0.usb?.interface } == [0, 2, 0, 0])
        #expect(
            machine.adapters.map { $0.spelling(among: machine.adapters) } == [
                "usb:2341:0043@1-3:1.0", "usb:2341:0043@1-3:1.2", "usb:1a86:7523@1-5:1.0",
                "usb:1a86:7523@1-5:1.0-port1",
            ])
    }

    @Test("whatever is plugged in, the spelling of an adapter means it and no other") func spellings() {
        let gadgets: [Machine.Gadget] = [.oximeter, .nameless, .arduino, .oximeter, .nameless]
        for hasLinks in [true, false] {
            let machine = Machine()
            for (index, gadget) in gadgets.enumerated() {
                machine.plug(
                    gadget, "ttyUSB\(index)", socket: "1-\(index + 1)", terminal: "/dev/null", hasLinks: hasLinks)
                let adapters = machine.adapters
                for adapter in adapters {
                    for spelling in [adapter.spelling(among: adapters), adapter.exactSpelling(among: adapters)] {
                        #expect((try? PortName(spelling).only(of: adapters)) == adapter, "\(spelling)")
                    }
                }
            }
            // The serial number of a CP2102 is 0001 for all of them: no use between two.
            #expect(
                machine.adapters.map { $0.spelling(among: machine.adapters) } == [
                    "usb:10c4:ea60@1-1", "usb:1a86:7523@1-2", "usb:2341:0043", "usb:10c4:ea60@1-4", "usb:1a86:7523@1-5",
                ])
        }
    }

    @Test("what a device says of itself cannot forge a line of the log") func forged() {
        let machine = Machine()
        var gadget = Machine.Gadget.nameless
        gadget.productName = "x\n2026 vitald: all is well\u{1B}[2J"
        gadget.serial = "  "
        machine.plug(gadget, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        let usb = machine.adapters.first?.usb
        #expect(usb?.productName == "x\u{FFFD}2026 vitald: all is well\u{FFFD}[2J")
        #expect(usb?.serial == nil)
    }

    @Test("who holds a port is found without opening it") func holders() throws {
        let terminal = try PseudoTerminal()
        #expect(PortHolder.find(path: terminal.path) == [])
        let scratch = Scratch()
        symlink(terminal.path, scratch.file("link"))
        let port = try SerialPort(path: terminal.path, settings: .oximeter)
        for path in [terminal.path, scratch.file("link")] {
            #expect(PortHolder.find(path: path).map(\.process) == [Int(getpid())], "\(path)")
        }
        _ = port.descriptor
    }
}
