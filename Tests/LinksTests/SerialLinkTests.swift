import Glibc
import Profiles
import Testing
import Vitals

@testable import Links

@Suite("A serial link", .serialized) struct SerialLinkTests {
    /// CMS50 5-byte frames that count: pulse carries the low, SpO2 the high seven bits of `n`.
    static func frames(_ range: Range<Int>) -> [UInt8] {
        range.flatMap { n in [0x86, UInt8(n & 0x7F), 0x03, UInt8(n & 0x7F), UInt8(n >> 7 & 0x7F)] as [UInt8] }
    }

    @Test("passes every byte on in order, 0x11 and 0x13 included, under the profile's input name") func loopback()
        throws
    {
        let line = try PseudoTerminal()
        let listener = Listener()
        let link = listener.link(line.path)
        link.start()
        defer { link.stop() }
        #expect(listener.states == [.connected])
        let all = (0..<20).flatMap { _ in (0...255).map { UInt8($0) } }
        for start in stride(from: 0, to: all.count, by: 160) { #expect(line.write(all[start..<start + 160]) == 160) }
        #expect(listener.wait { $0.bytes.count >= all.count })
        #expect(listener.bytes == all)
        for case .frame(let device, let input, _, _) in listener.outputs {
            #expect(device == .test)
            #expect(input == "port")
        }
    }

    @Test("sends the opening bytes before it counts as connected") func opening() throws {
        let line = try PseudoTerminal()
        let listener = Listener()
        var settings = SerialSettings.oximeter
        settings.script.connect = [.send([0xF5, 0x01]), .wait(.milliseconds(20)), .send([0x02])]
        let link = listener.link(line.path, settings)
        link.start()
        defer { link.stop() }
        #expect(listener.states.isEmpty)
        #expect(listener.wait { $0.states == [.connected] })
        #expect(line.read() == [0xF5, 0x01, 0x02])
        link.send([0x0A])
        #expect(eventually { line.read() == [0x0A] })
    }

    @Test("bytes that arrive while the opening steps run are kept") func earlyBytes() throws {
        let line = try PseudoTerminal()
        let listener = Listener()
        var settings = SerialSettings.oximeter
        settings.script.connect = [.wait(.milliseconds(30))]
        let link = listener.link(line.path, settings)
        link.start()
        defer { link.stop() }
        let sent = SerialLinkTests.frames(0..<50)
        #expect(line.write(sent) == sent.count)
        #expect(listener.wait { $0.bytes.count == sent.count })
        #expect(listener.bytes == sent)
        #expect(listener.states == [.connected])
        guard case .state(_, .connected, _, _) = listener.outputs.first else {
            Issue.record("bytes before connected")
            return
        }
    }

    @Test("ten times unplugged and plugged again: one lost each, and no frame after reopening is missing")
    func tenRounds() throws {
        let scratch = Scratch()
        let path = scratch.file("oximeter")
        let listener = Listener()
        let link = listener.link(path)
        var expected: [UInt8] = []
        var line = try PseudoTerminal(link: path)
        link.start()
        defer { link.stop() }
        for round in 0...10 {
            #expect(listener.wait { $0.states.filter { $0 == .connected }.count == round + 1 })
            let sent = SerialLinkTests.frames(round * 100..<(round + 1) * 100)
            #expect(line.write(sent) == sent.count)
            expected += sent
            #expect(listener.wait { $0.bytes.count == expected.count })
            if round == 10 { break }
            line.close()
            #expect(listener.wait { $0.states.filter { $0 == .lost }.count == round + 1 })
            line = try PseudoTerminal(link: path)
        }
        #expect(listener.bytes == expected)
        let losses = listener.states.filter { $0 != .plugged }
        #expect(losses == (0..<21).map { $0 % 2 == 0 ? .connected : .lost })
    }

    @Test("a device that is absent at the start is lost once, and found when it is plugged in, without polling")
    func absent() throws {
        let scratch = Scratch()
        let path = scratch.file("by-id/usb-oximeter")
        let listener = Listener()
        let link = listener.link(path, backoff: .init(first: .hours(1), longest: .hours(1)))
        link.start()
        defer { link.stop() }
        #expect(listener.states == [.lost])
        #expect(listener.reasons.first?.contains("plugged in") == true)
        #expect(mkdir(scratch.file("by-id"), 0o755) == 0)
        let line = try PseudoTerminal(link: path)
        #expect(listener.wait { $0.states.last == .connected })
        #expect(listener.states == [.lost, .plugged, .connected])
        line.write([1, 2, 3])
        #expect(listener.wait { $0.bytes == [1, 2, 3] })
    }

    @Test("a link that is taken away while the device stays open is a loss too") func linkRemoved() throws {
        let scratch = Scratch()
        let path = scratch.file("oximeter")
        let line = try PseudoTerminal()
        #expect(symlink(line.path, path) == 0)
        let listener = Listener()
        let link = listener.link(path, backoff: .init(first: .hours(1), longest: .hours(1)))
        link.start()
        defer { link.stop() }
        #expect(listener.states == [.connected])
        unlink(path)
        #expect(listener.wait { $0.states == [.connected, .lost] })
        #expect(symlink(line.path, path) == 0)
        #expect(listener.wait { $0.states == [.connected, .lost, .plugged, .connected] })
    }

    @Test("silence is told once, and the first bytes end it") func silence() throws {
        let line = try PseudoTerminal()
        let listener = Listener()
        var settings = SerialSettings.oximeter
        settings.silence = .milliseconds(40)
        let link = listener.link(line.path, settings)
        link.start()
        defer { link.stop() }
        #expect(listener.wait { $0.states == [.connected, .silent] })
        usleep(150_000)
        #expect(listener.states == [.connected, .silent])
        line.write([1])
        #expect(listener.wait { $0.states.prefix(3) == [.connected, .silent, .connected] })
    }

    @Test("a silent device is reopened where the profile says so, and gets its opening bytes again") func reopening()
        throws
    {
        let line = try PseudoTerminal()
        let listener = Listener()
        var settings = SerialSettings.oximeter
        settings.silence = .milliseconds(40)
        settings.reopensWhenSilent = true
        let link = listener.link(line.path, settings)
        link.start()
        defer { link.stop() }
        var received: [UInt8] = []
        #expect(
            eventually {
                received += line.read()
                return received.count >= 3
            })
        #expect(listener.states == [.connected, .silent])
        #expect(received.allSatisfy { $0 == 0xF5 })
    }

    @Test("what keeps a device awake is sent again and again while connected") func keepAlive() throws {
        let line = try PseudoTerminal()
        let listener = Listener()
        let link = listener.link(
            line.path,
            SerialSettings(
                baud: 9600,
                script: Script(keepAlive: [Recurring(every: .milliseconds(5), steps: [.send([0x7D, 0xAF])])])))
        link.start()
        defer { link.stop() }
        var received: [UInt8] = []
        #expect(
            eventually {
                received += line.read()
                return received.count >= 6
            })
        #expect(received.prefix(6) == [0x7D, 0xAF, 0x7D, 0xAF, 0x7D, 0xAF])
    }

    @Test("stop releases the descriptor and nothing is reported afterwards") func stops() throws {
        let scratch = Scratch()
        let path = scratch.file("oximeter")
        for _ in 0..<50 {
            let line = try PseudoTerminal(link: path)
            let listener = Listener()
            let link = listener.link(path)
            link.start()
            line.write(SerialLinkTests.frames(0..<20))
            link.stop()
            let heard = listener.outputs.count
            // The lock is free again at once.
            _ = try SerialPort(path: line.path, settings: .oximeter)
            line.write([1, 2, 3])
            line.close()
            link.stop()
            #expect(listener.outputs.count == heard)
        }
    }

    @Test("a sink that stops its own link does not hang and hears nothing more") func stopsItself() throws {
        let line = try PseudoTerminal()
        let listener = Listener()
        let box = LinkBox()
        let link = SerialLink(
            device: .test, path: line.path, settings: .oximeter, now: { listener.now() },
            sink: { output in
                listener.take(output)
                if case .frame = output { box.link?.stop() }
            }, log: { _ in })
        box.link = link
        link.start()
        line.write([7])
        #expect(listener.wait { $0.bytes == [7] })
        #expect(eventually { (try? SerialPort(path: line.path, settings: .oximeter)) != nil })
        line.write([8])
        box.link = nil
        #expect(listener.bytes == [7])
    }

    @Test("random bytes at random moments with hang-ups never trap and never confuse the states") func noise() throws {
        let scratch = Scratch()
        let path = scratch.file("noise")
        let listener = Listener()
        let link = listener.link(path)
        link.start()
        var random = SplitMix(7)
        for _ in 0..<60 {
            let line = try PseudoTerminal(link: path)
            for _ in 0..<Int.random(in: 0..<8, using: &random) {
                line.write(
                    (0..<Int.random(in: 1..<300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                )
                usleep(UInt32.random(in: 0..<3000, using: &random))
            }
            line.close()
        }
        link.stop()
        var previous: LinkState?
        for state in listener.states where state != .plugged {
            #expect(state != previous)
            previous = state
        }
    }

    @Test("the pauses double from 100 ms to 30 s and are the same every time") func backoff() {
        let backoff = SerialLink.Backoff()
        #expect(
            (0..<11).map { backoff.pause(after: $0).milliseconds }
                == [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 30000, 30000])
        #expect(backoff.pause(after: .max) == .seconds(30))
        #expect(backoff.pause(after: -1) == .milliseconds(100))
    }
}

/// Lets a sink reach its link. Written before the link starts and after it stopped only.
private final class LinkBox: @unchecked Sendable {
    var link: SerialLink?
}
