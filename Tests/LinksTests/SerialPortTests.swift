import Glibc
import Profiles
import Testing
import Vitals

@testable import Links

@Suite("A serial port", .serialized) struct SerialPortTests {
    static func line(_ settings: SerialSettings) throws -> termios {
        try SerialPort.raw(termios(), settings, path: "/dev/ttyS0")
    }

    @Test(
        "each format becomes the line the kernel calls by that name",
        arguments: [
            (SerialSettings(baud: 19_200, parity: .odd), B19200, CS8 | PARENB | PARODD),
            (SerialSettings(baud: 115_200), B115200, CS8),
            (SerialSettings(baud: 9600, dataBits: 7, parity: .even, stopBits: 2), B9600, CS7 | PARENB | CSTOPB),
            (SerialSettings(baud: 300, dataBits: 5), B300, CS5),
            (SerialSettings(baud: 921_600, dataBits: 6, parity: .odd), B921600, CS6 | PARENB | PARODD),
        ])
    func formats(settings: SerialSettings, speed: Int32, flags: Int32) throws {
        var line = try SerialPortTests.line(settings)
        #expect(cfgetispeed(&line) == speed_t(speed) && cfgetospeed(&line) == speed_t(speed))
        #expect(line.c_cflag & tcflag_t(CSIZE | PARENB | PARODD | CSTOPB) == tcflag_t(flags))
        #expect(line.c_cflag & tcflag_t(CREAD | CLOCAL) == tcflag_t(CREAD | CLOCAL))
        #expect(line.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0)
        #expect(line.c_iflag & tcflag_t(ICRNL | INLCR | IXON | ISTRIP) == 0)
        #expect((line.c_iflag & tcflag_t(INPCK) != 0) == (settings.parity != .none))
    }

    @Test("flow control and the hang-up on closing follow the profile") func flow() throws {
        var settings = SerialSettings(baud: 9600, flow: .xonXoff)
        #expect(try SerialPortTests.line(settings).c_iflag & tcflag_t(IXOFF) != 0)
        #expect(try SerialPortTests.line(settings).c_cflag & tcflag_t(HUPCL) != 0)
        settings.flow = .rtsCts
        settings.resetsOnOpen = true
        let line = try SerialPortTests.line(settings)
        #expect(line.c_iflag & tcflag_t(IXOFF) == 0)
        #expect(line.c_cflag & tcflag_t(HUPCL) == 0)
        #expect(line.c_cflag & tcflag_t(truncatingIfNeeded: CRTSCTS) != 0)
    }

    @Test("a pseudo-terminal reads back the settings it can keep") func readBack() throws {
        let pair = try PseudoTerminal()
        let port = try SerialPort(
            path: pair.path, settings: SerialSettings(baud: 57_600, dataBits: 7, parity: .odd, stopBits: 2))
        var line = termios()
        #expect(tcgetattr(port.descriptor, &line) == 0)
        #expect(cfgetispeed(&line) == speed_t(B57600))
        #expect(line.c_cflag & tcflag_t(PARODD | CSTOPB) == tcflag_t(PARODD | CSTOPB))
        #expect(line.c_lflag & tcflag_t(ICANON | ECHO) == 0)
    }

    @Test("an impossible speed or format is refused by name") func impossible() {
        for settings in [
            SerialSettings(baud: 74_880), SerialSettings(baud: 9600, dataBits: 9),
            SerialSettings(baud: 9600, stopBits: 3),
        ] {
            #expect { try SerialPortTests.line(settings) } throws: { error in
                let error = error as? LinkError
                return error?.code == .unsupported
                    && (error?.message.contains("\(settings.baud)") == true
                        || error?.message.contains(settings.format) == true)
            }
        }
    }

    @Test("only one holder at a time; free again when it is closed") func exclusive() throws {
        let pair = try PseudoTerminal()
        do {
            let first = try SerialPort(path: pair.path, settings: .oximeter)
            #expect(throws: LinkError.self) { _ = try SerialPort(path: pair.path, settings: .oximeter) }
            do {
                _ = try SerialPort(path: pair.path, settings: .oximeter)
            } catch {
                #expect(error.code == .busy)
                #expect(error.message.contains("another process"))
            }
            _ = first.descriptor
        }
        _ = try SerialPort(path: pair.path, settings: .oximeter)
    }

    @Test("each refusal of the kernel says what to do") func refusals() {
        func code(_ path: String) -> LinkError.Code? {
            do {
                _ = try SerialPort(path: path, settings: .oximeter)
                return nil
            } catch { return error.code }
        }
        #expect(code("/dev/no-such-port") == .missing)
        #expect(code("/dev/null") == .notATerminal)
        #expect(code("/dev/null/port") == .missing)
        #expect(LinkError.system(EACCES, "open", path: "/dev/ttyUSB0").description.contains("dialout"))
        #expect(LinkError.system(EACCES, "open", path: "/dev/ttyUSB0").code == .permission)
        #expect(LinkError.system(EBUSY, "open", path: "/dev/ttyUSB0").code == .busy)
        #expect(LinkError.system(ENXIO, "open", path: "/dev/ttyUSB0").code == .missing)
        #expect(LinkError.system(EMFILE, "open", path: "/dev/ttyUSB0").message.contains("open files"))
    }

    @Test(
        "a port that the user may not open is reported as such",
        .enabled(if: geteuid() != 0, "root may open everything"))
    func permission() throws {
        let scratch = Scratch()
        let path = scratch.write("port", [])
        chmod(path, 0)
        #expect { _ = try SerialPort(path: path, settings: .oximeter) } throws: {
            ($0 as? LinkError)?.code == .permission
        }
    }

    @Test("a profile's port, opening bytes, keep-alive and watchdog become the link's settings") func profile() throws {
        let profile = try Profile(
            text: """
                { schema: 1, id: "test.oximeter", version: 1, name: "Oximeter", transport: "serial",
                  match: { any: [ { usb: "10c4:ea60", probe: true } ] },
                  port: { baud: 19200, format: "7E2", flow: "xonxoff", resetOnOpen: true },
                  connect: [ { send: "f5 01" }, { wait: "2s" } ],
                  keepAlive: [ { every: "5s", send: "7d 81 af" } ],
                  watchdog: { silence: "3s", do: "reconnect" },
                  inputs: { wire: { serial: true, framing: { kind: "syncBit", mask: 0x80, len: 5 } } },
                  messages: [ { id: "live", input: "wire", fields: [ { name: "b0", type: "u8" }, { name: "rest", type: "u32" } ], emit: [] } ] }
                """, file: "oximeter.json5")
        let settings = try #require(SerialSettings(profile))
        #expect(
            settings.format == "7E2" && settings.baud == 19_200 && settings.flow == .xonXoff && settings.resetsOnOpen)
        #expect(settings.script.connect == [.send([0xF5, 1]), .wait(.seconds(2))])
        #expect(
            settings.script.keepAlive == [Recurring(every: .seconds(5), steps: [.send([0x7D, 0x81, 0xAF])])])
        #expect(settings.silence == .seconds(3) && settings.reopensWhenSilent)
        #expect(settings.script.inputs == [.port: "wire"])
    }

    @Test("the places to watch follow links and stand in for missing directories") func places() {
        let scratch = Scratch()
        let path = scratch.file("a/b/port")
        #expect(PathWatch.places(of: path).map(\.directory) == [scratch.path])
        #expect(PathWatch.places(of: path).map(\.name) == ["a"])
        mkdir(scratch.file("a"), 0o755)
        mkdir(scratch.file("a/b"), 0o755)
        symlink("../../target", path)
        let places = PathWatch.places(of: path)
        #expect(places.map(\.name) == ["port", "target"])
        #expect(places.last?.directory == scratch.file("a/b/../.."))
        #expect(places.first?.directory == scratch.file("a/b"))
        #expect(PathWatch.places(of: "port").map(\.directory) == ["."])
    }

    @Test("a pseudo-terminal never replaces a real file and removes only its own link") func links() throws {
        let scratch = Scratch()
        let file = scratch.write("precious", [1])
        #expect(throws: LinkError.self) { try PseudoTerminal(link: file) }
        let path = scratch.file("link")
        let first = try PseudoTerminal(link: path)
        let second = try PseudoTerminal(link: path)
        first.close()
        #expect(PathWatch.destination(of: path) == second.path)
        second.close()
        #expect(PathWatch.destination(of: path) == nil)
        #expect(second.write([1]) == 0)
        #expect(second.read().isEmpty)
    }
}
