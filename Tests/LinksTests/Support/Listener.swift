import FoundationEssentials
import Glibc
import Links
import Synchronization
import Vitals

/// Collects what a link says; `wait` blocks until a condition holds or ten seconds are over.
final class Listener: Sendable {
    private let heard = Mutex<(outputs: [LinkOutput], lines: [String], ticks: Int64)>(([], [], 0))

    var outputs: [LinkOutput] { heard.withLock { $0.outputs } }
    var lines: [String] { heard.withLock { $0.lines } }
    var bytes: [UInt8] {
        outputs.flatMap { output -> [UInt8] in if case .frame(_, _, let bytes, _) = output { bytes } else { [] } }
    }
    var states: [LinkState] {
        outputs.compactMap { output -> LinkState? in if case .state(_, let state, _, _) = output { state } else { nil }
        }
    }
    var reasons: [String] {
        outputs.compactMap { output -> String? in if case .state(_, _, let reason, _) = output { reason } else { nil } }
    }

    func take(_ output: LinkOutput) { heard.withLock { $0.outputs.append(output) } }
    func log(_ line: String) { heard.withLock { $0.lines.append(line) } }
    func now() -> Timestamp {
        heard.withLock {
            $0.ticks += 1
            return Timestamp(milliseconds: $0.ticks)
        }
    }

    func wait(until condition: (Listener) -> Bool) -> Bool {
        // A minute: on a starved machine a probe may have to listen more than once.
        for _ in 0..<30_000 {
            if condition(self) { return true }
            usleep(2000)
        }
        return condition(self)
    }

    func link(
        _ path: String, _ settings: SerialSettings = .oximeter,
        backoff: SerialLink.Backoff = .init(first: .milliseconds(5), longest: .milliseconds(50))
    ) -> SerialLink {
        SerialLink(
            device: .test, path: path, settings: settings, backoff: backoff, now: { self.now() },
            sink: { self.take($0) }, log: { self.log($0) })
    }
}

extension DeviceID {
    static let test = DeviceID(high: 0x1234_5678_9ABC_4DEF, low: 0x8000_0000_0000_0001)
}

extension SerialSettings {
    /// A Contec CMS50D+ as its profile has it: 19200 8O1.
    static let oximeter = SerialSettings(
        baud: 19_200, parity: .odd, flow: .xonXoff, script: Script(connect: [.send([0xF5])]))
}

/// Whether repeated attempts, a pause between them, make `condition` true.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<5000 {
        if condition() { return true }
        usleep(2000)
    }
    return condition()
}

/// A directory of its own for one test, removed afterwards with the files in it.
final class Scratch {
    let path: String

    init() {
        var template = Array("/tmp/vitald-links-XXXXXX".utf8CString)
        path = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp"
        }
    }

    func file(_ name: String) -> String { path + "/" + name }

    func write(_ name: String, _ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        let file = file(name)
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var sent = 0
        while sent < bytes.count {
            let size = bytes[sent...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard size > 0 else { break }
            sent += size
        }
        close(descriptor)
        return file
    }

    func read(_ name: String) -> [UInt8] { Scratch.bytes(file(name)) }

    static func bytes(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let size = Glibc.read(descriptor, &chunk, chunk.count)
            guard size > 0 else { return bytes }
            bytes += chunk[..<size]
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Small deterministic generator for property tests (Steele 2014, SplitMix64).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
