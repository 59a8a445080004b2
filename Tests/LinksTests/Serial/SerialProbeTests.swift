import Glibc
import Profiles
import Synchronization
import Testing
import Vitals

@testable import Links

/// Probes at the other ends of pseudo-terminals. These know no speed: that a profile with a wrong speed hears noise
/// cannot be shown here; a wrong protocol stands for it.
@Suite("A probe", .serialized) struct SerialProbeTests {
    /// A profile of five-byte frames like an oximeter's, or of lines.
    static func profile(
        _ id: String, priority: Int = 30, frames: Int = 30, span: String = "2s", framing: Framing = .sync,
        usb: String = "10c4:ea60", baud: Int = 19_200, connect: String = "", probes: Bool = true
    ) throws -> Profile {
        let input =
            framing == .sync
            ? "{ serial: true, framing: { kind: \"syncBit\", mask: 0x80, len: 5 } }"
            : "{ serial: true, format: \"text\", framing: { kind: \"lines\", end: \"\\n\", strip: \"\\r\", max: 120 } }"
        let message =
            framing == .sync
            ? "fields: [ { name: \"b0\", type: \"u8\" }, { name: \"rest\", type: \"u32\" } ], emit: []"
            : "pattern: \"^B(?<bpm>\\\\d{1,3})$\", fields: [ { name: \"bpm\", group: \"bpm\" } ], emit: []"
        return try Profile(
            text: """
                { schema: 1, id: "\(id)", version: 1, name: "\(id)", transport: "serial", priority: \(priority),
                  match: { any: [ { usb: "\(usb)", probe: \(probes) } ] },
                  port: { baud: \(baud), format: "8N1" },
                  probe: { for: "\(span)", frames: \(frames), errors: 2 }, connect: [ \(connect) ],
                  inputs: { port: \(input) }, messages: [ { id: "m", input: "port", \(message) } ] }
                """, file: "\(id).json5")
    }

    enum Framing { case sync, lines }

    /// Monotonic milliseconds.
    static let stopwatch: @Sendable () -> Int64 = {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    static func probe(_ profiles: [Profile], _ path: String) -> SerialProbe.Verdict {
        SerialProbe(profiles: profiles, stopwatch: stopwatch).run(path: path)
    }

    static let frames = SerialLinkTests.frames(0..<100)
    static let lines = Array((60..<90).map { "B\($0)\r\n" }.joined().utf8)

    @Test("claims a port whose stream it understands, and hands nothing to the device unasked") func claims() throws {
        let line = try PseudoTerminal()
        line.write(SerialProbeTests.frames)
        let verdict = SerialProbeTests.probe([try SerialProbeTests.profile("a.oximeter")], line.path)
        #expect(verdict.profile == "a.oximeter" && verdict.refusal == nil)
        let finding = try #require(verdict.findings.first)
        #expect(finding.outcome == .claimed && finding.frames >= 30 && finding.errors == 0)
        #expect(finding.settings == "19200 8N1")
        #expect(finding.excerpt.hasPrefix("86 00 03 00 00 86 01 03 01 00"))
        #expect(finding.first.count == 32)
        #expect(line.read().isEmpty)
    }

    @Test("beginning in the middle of a frame, or after a boot loader's noise, only delays it") func noise() throws {
        var random = SplitMix(7)
        let noise = (0..<700).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        for before in [Array(SerialProbeTests.frames[3...4]), noise, Array("Initializing...\r\n".utf8)] {
            let line = try PseudoTerminal()
            line.write(before + SerialProbeTests.frames)
            let verdict = SerialProbeTests.probe([try SerialProbeTests.profile("a.oximeter")], line.path)
            #expect(verdict.profile == "a.oximeter", "\(verdict)")
        }
    }

    @Test("leaves noise, another protocol, and silence alone, and says what it saw") func foreign() throws {
        var random = SplitMix(8)
        let noise = (0..<3000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        for (bytes, outcome) in [
            (noise, SerialProbe.Finding.Outcome.foreign), (SerialProbeTests.lines, .foreign), ([], .silent),
            // One frame short.
            (Array(SerialProbeTests.frames[..<145]), .foreign),
        ] {
            let line = try PseudoTerminal()
            line.write(bytes)
            let profile = try SerialProbeTests.profile("a.oximeter", span: "100ms")
            let verdict = SerialProbeTests.probe([profile], line.path)
            #expect(verdict.profile == nil && verdict.refusal == nil)
            #expect(verdict.findings.map(\.outcome) == [outcome])
            #expect(verdict.findings.first?.bytes == bytes.count)
            #expect(verdict.isSilent == bytes.isEmpty)
            #expect(verdict.reason.code == (bytes.isEmpty ? .missing : .unanswered))
        }
    }

    @Test("a stream with an error now and then is not claimed when the good stretches are too short") func errors()
        throws
    {
        let line = try PseudoTerminal()
        let stretch = Array(SerialProbeTests.frames[..<45])
        line.write((0..<20).flatMap { _ in stretch + [0x01] })
        let verdict = SerialProbeTests.probe([try SerialProbeTests.profile("a.oximeter", span: "100ms")], line.path)
        #expect(verdict.profile == nil)
        #expect(verdict.findings.first.map { $0.frames == 180 && $0.errors >= 19 } == true, "\(verdict)")
    }

    @Test("of two profiles that understand it the higher priority wins, at the same speed and at another")
    func priority()
        throws
    {
        for baud in [19_200, 115_200] {
            let line = try PseudoTerminal()
            let high = try SerialProbeTests.profile("z.high", priority: 40, frames: 40)
            let low = try SerialProbeTests.profile("a.low", priority: 30, frames: 10, baud: baud)
            line.write(SerialProbeTests.frames)
            let verdict = SerialProbeTests.probe([low, high], line.path)
            #expect(verdict.profile == "z.high", "\(verdict)")
            // At another speed nobody had to ask the other one any more.
            #expect(verdict.findings.map(\.outcome) == (baud == 19_200 ? [.claimed, .outranked] : [.claimed]))
        }
    }

    @Test("a lower priority gets the port where the higher one hears no frame, without waiting for its time")
    func lower() throws {
        let line = try PseudoTerminal()
        line.write(SerialProbeTests.lines)
        let profiles = [
            try SerialProbeTests.profile("a.oximeter", priority: 30, span: "60s"),
            try SerialProbeTests.profile("b.lines", priority: 20, frames: 5, framing: .lines),
        ]
        let verdict = SerialProbeTests.probe(profiles, line.path)
        #expect(verdict.profile == "b.lines")
        #expect(verdict.findings.map(\.outcome) == [.foreign, .claimed])
    }

    @Test("sends what the profile sends on connecting, and only then listens") func opening() throws {
        let line = try PseudoTerminal()
        line.write(SerialProbeTests.frames)
        let profile = try SerialProbeTests.profile(
            "a.oximeter", connect: "{ send: \"f5 01\" }, { wait: \"20ms\" }, { send: \"02\" }")
        #expect(SerialProbeTests.probe([profile], line.path).profile == "a.oximeter")
        #expect(line.read() == [0xF5, 0x01, 0x02])
    }

    @Test("a port that somebody holds is reported and left alone; afterwards it is free") func held() throws {
        let line = try PseudoTerminal()
        let profile = try SerialProbeTests.profile("a.oximeter", connect: "{ send: \"f5\" }")
        line.write(SerialProbeTests.frames)
        do {
            let port = try SerialPort(path: line.path, settings: .oximeter)
            let verdict = SerialProbeTests.probe([profile], line.path)
            #expect(verdict.refusal?.code == .busy && verdict.profile == nil)
            #expect(line.read().isEmpty)
            _ = port.descriptor
        }
        #expect(SerialProbeTests.probe([profile], line.path).profile == "a.oximeter")
        _ = try SerialPort(path: line.path, settings: .oximeter)
    }

    @Test("a port held by another process is reported and left alone") func heldByAnother() throws {
        let line = try PseudoTerminal()
        var pipes: [Int32] = [0, 0]
        #expect(pipe(&pipes) == 0)
        defer { close(pipes[0]) }
        // The shell opens the terminal and has flock hold it; TIOCEXCL would not keep root out.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        let script = "exec 9<>\(line.path); flock -n 9 && echo held && exec sleep 60"
        let words = ["/bin/sh", "-c", script]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        #expect(posix_spawn(&child, "/bin/sh", &actions, nil, &arguments, environ) == 0)
        close(pipes[1])
        var said = [UInt8](repeating: 0, count: 4)
        #expect(read(pipes[0], &said, 4) == 4 && said == Array("held".utf8))
        let profile = try SerialProbeTests.profile("a.oximeter")
        let verdict = SerialProbeTests.probe([profile], line.path)
        #expect(verdict.refusal?.code == .busy && verdict.findings.isEmpty)
        #expect(PortHolder.find(path: line.path).map(\.process) == [Int(child)])
        kill(child, SIGKILL)
        waitpid(child, nil, 0)
        line.write(SerialProbeTests.frames)
        #expect(SerialProbeTests.probe([profile], line.path).profile == "a.oximeter")
    }

    @Test("unplugging ends it, and so does whoever asked") func ends() throws {
        let profile = try SerialProbeTests.profile("a.oximeter", span: "60s")
        let line = try PseudoTerminal()
        line.write([1, 2, 3])
        let asked = Mutex(0)
        let probe = SerialProbe(profiles: [profile], stopwatch: SerialProbeTests.stopwatch) {
            // Nobody knows when it listens, so it is unplugged when it asks for the third time.
            asked.withLock {
                $0 += 1; return $0
            } == 3
                ? {
                    line.close(); return false
                }() : false
        }
        #expect(probe.run(path: line.path).refusal?.code == .gone)
        let second = try PseudoTerminal()
        let cancelled = SerialProbe(profiles: [profile], stopwatch: SerialProbeTests.stopwatch) { true }
        #expect(cancelled.run(path: second.path).profile == nil)
        #expect(SerialProbeTests.probe([profile], "/dev/no-such-port").refusal?.code == .missing)
    }

    @Test("the shipped oximeter, PulseSensor and home-made sensor are told apart on one line") func shipped() throws {
        let root = Array(#filePath.split(separator: "/").dropLast(4)).map { "/\($0)" }.joined()
        let profiles = try ["contec-cms50-legacy", "pulsesensor", "diy-lines"].map { name in
            let file = "\(root)/DeviceProfiles/\(name).json5"
            return try Profile(text: String(decoding: Scratch.bytes(file), as: UTF8.self), file: file)
        }
        let streams: [(String, [UInt8])] = [
            ("contec.cms50.legacy", (0..<60).flatMap { _ in [0x86, 0x30, 0x03, 0x48, 0x61] as [UInt8] }),
            ("arduino.pulsesensor", Array((0..<40).map { "S51\($0 % 10)\r\n" }.joined().utf8)),
            ("diy.lines", Array((60..<80).map { "{\"hr\":\($0)}\n" }.joined().utf8)),
        ]
        for (id, bytes) in streams {
            let line = try PseudoTerminal()
            // A pseudo-terminal keeps what was sent for the next profile's turn; a wire would not.
            let sender = Sender(line, bytes)
            let probe = SerialProbe(profiles: profiles, stopwatch: SerialProbeTests.quick) { sender.send() }
            #expect(probe.run(path: line.path).profile == id)
        }
    }

    /// A stopwatch on which a second lasts twenty milliseconds.
    static let quick: @Sendable () -> Int64 = { stopwatch() * 50 }
}

/// Keeps a line busy, whenever it is asked.
private final class Sender: Sendable {
    let line: PseudoTerminal
    let bytes: [UInt8]

    init(_ line: PseudoTerminal, _ bytes: [UInt8]) {
        self.line = line
        self.bytes = bytes
    }

    func send() -> Bool {
        line.write(bytes)
        return false
    }
}
