import Glibc
import Synchronization
import Testing
import Vitals

@testable import Simulator

/// A clock that only the test moves.
final class HandClock: Sendable {
    private let time = Mutex(noon)
    func now() -> Timestamp { time.withLock { $0 } }
    func move(by span: TimeSpan) { time.withLock { $0 = $0 + span } }
}

/// The other end of a device's line.
final class Reader {
    let descriptor: Int32

    init?(_ path: String) {
        descriptor = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit { _ = close(descriptor) }

    /// What is there now; `nil` when the line was unplugged.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let size = Glibc.read(descriptor, &buffer, buffer.count)
        if size < 0 && (errno == EAGAIN || errno == EINTR) { return [] }
        return size > 0 ? Array(buffer[..<size]) : nil
    }
}

@Suite("Virtual devices on a real pseudo-terminal")
struct VirtualDeviceTests {
    static func link(_ name: String) -> String { "/tmp/vitald-simulator-\(getpid())-\(name)" }

    /// Waits until something came about, or gives up after ten seconds of trying.
    static func wait(_ what: Comment, until done: () -> Bool) {
        for _ in 0..<10_000 {
            if done() { return }
            usleep(1000)
        }
        Issue.record(what)
    }

    static func device(
        _ sensor: VirtualSensor, _ name: String, _ clock: HandClock, outages: [TimeRange] = []
    ) -> VirtualDevice {
        VirtualDevice(
            name: name,
            encoder: sensor.encoder(for: SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon)),
            link: link(name), everyMilliseconds: 1, outages: outages, now: clock.now)
    }

    static func frames(_ sensor: VirtualSensor, from start: TimeSpan = .zero, to end: TimeSpan) -> Frames {
        var encoder = sensor.encoder(for: SyntheticPerson(seed: 4, scenario: EncoderTests.busy, start: noon))
        var frames = Frames()
        encoder.encode(until: noon + start, into: &frames)
        frames.removeAll()
        encoder.encode(until: noon + end, into: &frames)
        return frames
    }

    @Test("a reader that keeps up gets every frame, byte for byte", arguments: VirtualSensor.allCases)
    func everyFrame(sensor: VirtualSensor) throws {
        let clock = HandClock()
        let name = "all-\(sensor)"
        let device = VirtualDeviceTests.device(sensor, name, clock)
        try device.start()
        defer { device.stop() }
        let reader = try #require(Reader(VirtualDeviceTests.link(name)))
        let expected = VirtualDeviceTests.frames(sensor, to: .seconds(90))
        var got: [UInt8] = []
        for second in Int64(1)...90 {
            clock.move(by: .seconds(1))
            let due = VirtualDeviceTests.frames(sensor, to: .seconds(second)).bytes.count
            VirtualDeviceTests.wait("frames are missing") {
                got += reader.read() ?? []
                return got.count >= due
            }
        }
        #expect(got == expected.bytes)
        let counts = device.counts
        #expect(counts == .init(written: expected.count, dropped: 0, isPlugged: true, problem: nil))
    }

    @Test("a reader that does not read costs whole frames, counted, and the stream goes on at a frame's edge")
    func slowReader() throws {
        let clock = HandClock()
        let device = VirtualDeviceTests.device(.cms50, "slow", clock)
        try device.start()
        defer { device.stop() }
        let reader = try #require(Reader(VirtualDeviceTests.link("slow")))
        for _ in 0..<300 {
            clock.move(by: .seconds(2))
            let due = Int((clock.now() - noon).milliseconds * 60 / 1000)
            VirtualDeviceTests.wait("frames are not accounted for") {
                let counts = device.counts
                return counts.written + counts.dropped >= due
            }
        }
        var got: [UInt8] = []
        func drain() { while let bytes = reader.read(), !bytes.isEmpty { got += bytes } }
        drain()
        // One more second reaches the reader, after the rest of a frame that was cut.
        clock.move(by: .seconds(1))
        VirtualDeviceTests.wait("the stream does not go on") {
            drain()
            let counts = device.counts
            return counts.written + counts.dropped == 36_060 && got.count == counts.written * 5
        }
        let counts = device.counts
        #expect(counts.dropped > 10_000)
        #expect(got.count % 5 == 0)
        for (i, byte) in got.enumerated() where (byte & 0x80 != 0) != (i % 5 == 0) {
            Issue.record("byte \(i) is out of step")
            break
        }
        #expect(got.suffix(250) == VirtualDeviceTests.frames(.cms50, to: .seconds(601)).bytes.suffix(250))
    }

    @Test("what nobody reads is dropped, and a later reader gets only what follows")
    func absentReader() throws {
        let clock = HandClock()
        let device = VirtualDeviceTests.device(.diyLines, "absent", clock)
        try device.start()
        defer { device.stop() }
        clock.move(by: .seconds(40) + .milliseconds(1))
        VirtualDeviceTests.wait("frames are not accounted for") { device.counts.dropped == 40 }
        let reader = try #require(Reader(VirtualDeviceTests.link("absent")))
        clock.move(by: .seconds(10))
        let expected = VirtualDeviceTests.frames(
            .diyLines, from: .seconds(40) + .milliseconds(1), to: .seconds(50) + .milliseconds(1)
        ).bytes
        var got: [UInt8] = []
        VirtualDeviceTests.wait("lines are missing") {
            got += reader.read() ?? []
            return got.count >= expected.count
        }
        #expect(got == expected)
        #expect(device.counts.written == 10)
    }

    @Test("unplugging hangs up and takes the link away; plugging in brings a fresh line")
    func unplug() throws {
        let clock = HandClock()
        let device = VirtualDeviceTests.device(.diyLines, "plug", clock)
        let link = VirtualDeviceTests.link("plug")
        try device.start()
        for _ in 0..<10 {
            let reader = try #require(Reader(link))
            device.unplug()
            #expect(device.counts.isPlugged == false)
            #expect(reader.read() == nil)
            #expect(access(link, F_OK) != 0)
            try device.plug()
            #expect(access(link, F_OK) == 0)
        }
        device.stop()
        #expect(access(link, F_OK) != 0)
    }

    @Test("a planned outage follows the clock, and what fell due in it is never sent")
    func outage() throws {
        let clock = HandClock()
        let device = VirtualDeviceTests.device(
            .diyLines, "outage", clock, outages: [TimeRange(noon + .seconds(10), noon + .seconds(20))])
        try device.start()
        defer { device.stop() }
        let link = VirtualDeviceTests.link("outage")
        #expect(device.counts.isPlugged)
        clock.move(by: .seconds(10))
        VirtualDeviceTests.wait("it stays plugged in") { !device.counts.isPlugged }
        #expect(access(link, F_OK) != 0)
        clock.move(by: .seconds(9))
        VirtualDeviceTests.wait("frames are not accounted for") { device.counts.dropped >= 18 }
        #expect(!device.counts.isPlugged)
        clock.move(by: .seconds(1))
        VirtualDeviceTests.wait("it is not plugged in again") { device.counts.isPlugged }
        let reader = try #require(Reader(link))
        let before = device.counts.dropped
        clock.move(by: .seconds(5))
        VirtualDeviceTests.wait("lines are missing") { device.counts.written == 5 }
        #expect(reader.read() == VirtualDeviceTests.frames(.diyLines, from: .seconds(20), to: .seconds(25)).bytes)
        #expect(device.counts.dropped == before)
    }

    @Test("a link left behind by an earlier run is replaced, one to anything else is not")
    func links() throws {
        let path = VirtualDeviceTests.link("links")
        defer { _ = unlink(path) }
        // No machine has so many terminals: the link dangles.
        #expect(symlink("/dev/pts/999999", path) == 0)
        let device = VirtualDeviceTests.device(.diyLines, "links", HandClock())
        try device.start()
        device.stop()
        #expect(access(path, F_OK) != 0)
        #expect(symlink("/etc/hostname", path) == 0)
        #expect(throws: (any Error).self) { try device.start() }
        var target = [CChar](repeating: 0, count: 64)
        #expect(readlink(path, &target, target.count) == "/etc/hostname".utf8.count)
    }

    @Test("a link that would replace a file is refused by name")
    func refused() throws {
        let path = VirtualDeviceTests.link("file")
        let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        defer {
            _ = close(descriptor)
            _ = unlink(path)
        }
        let device = VirtualDeviceTests.device(.diyLines, "file", HandClock())
        #expect(throws: (any Error).self) { try device.start() }
        #expect(device.counts.isPlugged == false)
    }
}
