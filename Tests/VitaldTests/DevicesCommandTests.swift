import Dispatch
import Links
import Testing

@testable import vitald

@Suite struct DevicesCommandTests {
    private static let twins = [1, 2].map { n in
        SerialAdapter(
            name: "ttyUSB\(n)", path: "/dev/ttyUSB\(n)",
            usb: .init(
                vendor: 0x1A86, product: 0x7523, productName: "USB\u{1B} Serial", socket: "1-\(n)", interface: 0),
            place: "1-\(n):1.0")
    }

    @Test("ports are listed with what to write for each, and what they say of themselves cannot move the cursor")
    func ports() {
        let console = Console.kept()
        DevicesListCommand.write(ports: DevicesCommandTests.twins, [], as: .table, on: console)
        let lines = console.out.pending.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1].hasPrefix("/dev/ttyUSB1  usb:1a86:7523@1-1  1a86:7523"))
        #expect(lines[2].hasPrefix("/dev/ttyUSB2  usb:1a86:7523@1-2  1a86:7523"))
        #expect(!console.out.pending.contains("\u{1B}"))
    }

    @Test("a probe finds the device, says what to write, and exits with 1 when there is none") func probe() throws {
        let line = try PseudoTerminal()
        line.write((0..<40).flatMap { _ in Array("S512\r\n".utf8) })
        let words = ["devices", "probe", line.path, "--profile", "arduino.pulsesensor", "--format", "jsonl"]
        let found = Workspace.run(words)
        #expect(found.code == 0, "\(found.log)")
        #expect(
            found.out.hasPrefix(
                "{\"port\":\"\(line.path)\",\"verdict\":\"claimed\",\"profile\":\"arduino.pulsesensor\",\"write\":\"\(line.path)\","
            ), "\(found.out)")
        line.close()
        let gone = Workspace.run(words)
        #expect(gone.code == 1)
        #expect(gone.out.contains("\"verdict\":\"refused\""))
        #expect(gone.log.contains("no device answered"))
    }

    @Test("an ambiguous name, an unknown profile and a misspelt port are refused with a way out") func refusals() throws
    {
        #expect { try DevicesProbeCommand.targets(["usb:1a86:7523"], DevicesCommandTests.twins, []) } throws: {
            "\($0)".contains("write as port usb:1a86:7523@1-1 (/dev/ttyUSB1")
        }
        #expect(
            try DevicesProbeCommand.targets(["usb:1a86:7523@1-2"], DevicesCommandTests.twins, []).map(\.path)
                == ["/dev/ttyUSB2"])
        let unknown = Workspace.run(["devices", "probe", "--profile", "diy.linse"])
        #expect(unknown.code == 1 && unknown.log.contains("did you mean 'diy.lines'"))
        let misspelt = Workspace.run(["devices", "probe", "usb:10c4"])
        #expect(misspelt.code == 1 && misspelt.log.contains("like usb:10c4:ea60"), "\(misspelt.log)")
    }
}
