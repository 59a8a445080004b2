import Testing

@testable import Links

@Suite("The name of a port") struct PortNameTests {
    @Test(
        "is read as it is written, and written as it was read",
        arguments: [
            ("/dev/ttyUSB0", PortName.path("/dev/ttyUSB0")), ("ble", .path("ble")), ("auto", .auto),
            ("usb:10c4:ea60", .usb(vendor: 0x10C4, product: 0xEA60, place: nil)),
            ("usb:2341:*", .usb(vendor: 0x2341, product: nil, place: nil)),
            ("usb:1a86:7523@1-1.4:1.0", .usb(vendor: 0x1A86, product: 0x7523, place: "1-1.4:1.0")),
            ("usb:1a86:0003@a@b", .usb(vendor: 0x1A86, product: 3, place: "a@b")),
        ])
    func reading(text: String, name: PortName) throws {
        #expect(try PortName(text) == name)
        #expect(name.description == text)
    }

    @Test(
        "is refused where it cannot be meant so",
        arguments: [
            "usb:", "usb:10c4", "usb:10c4:", "usb:*:ea60", "usb:10c4:ea60:1", "usb:1:2", "usb:+123:ea60",
            "usb:10c4:ea60@", "usb:xyzw:ea60",
        ])
    func refusals(text: String) {
        #expect { try PortName(text) } throws: {
            let error = $0 as? LinkError
            return error?.code == .unsupported && error?.message.contains("like usb:10c4:ea60") == true
        }
    }

    /// Two adapters without serial numbers, two oximeters that have the same one.
    static func household() -> Machine {
        let machine = Machine()
        machine.plug(.nameless, "ttyUSB0", socket: "1-2", terminal: "/dev/null")
        machine.plug(.nameless, "ttyUSB1", socket: "1-3", terminal: "/dev/null")
        machine.plug(.arduino, "ttyACM0", socket: "1-4", terminal: "/dev/null")
        return machine
    }

    @Test(
        "leads to the one adapter that it means",
        arguments: [
            ("usb:2341:0043", "ttyACM0"), ("usb:2341:*", "ttyACM0"), ("usb:2341:0043@7563331313335", "ttyACM0"),
            ("usb:1a86:7523@1-3", "ttyUSB1"), ("usb:1a86:7523@1-2:1.0", "ttyUSB0"),
            ("usb:1a86:7523@pci-0000:00:14.0-usb-0:1-3:1.0-port0", "ttyUSB1"),
        ])
    func leading(text: String, name: String) throws {
        #expect(try PortName(text).only(of: PortNameTests.household().adapters).name == name)
    }

    @Test("says what there is, and how to write it, when it is ambiguous or leads nowhere") func errors() throws {
        let machine = PortNameTests.household()
        func error(_ text: String) -> String {
            do {
                return try PortName(text).only(of: machine.adapters).name
            } catch { return machine.plain("\(error)") }
        }
        #expect(
            error("usb:1a86:7523") == """
                usb:1a86:7523: 2 adapters fit; write as port usb:1a86:7523@1-2 (/dev/ttyUSB0, USB Serial, in socket 1-2), \
                or usb:1a86:7523@1-3 (/dev/ttyUSB1, USB Serial, in socket 1-3)
                """)
        #expect(error("usb:0403:6001") == "usb:0403:6001: no such adapter is plugged in")
        #expect(
            error("usb:2341:0043@1-9") == """
                usb:2341:0043@1-9: not plugged in there; of this kind there is usb:2341:0043@7563331313335 \
                (/dev/ttyACM0, Arduino (www.arduino.cc), serial 7563331313335, in socket 1-4)
                """)
    }
}
