import Dispatch
import Glibc
import Profiles
import Synchronization
import Testing
import Vitals

@testable import Links

@Suite("Hot plug", .serialized) struct HotPlugTests {
    static let message = Array(
        ("add@/devices/pci0000:00/usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0\0ACTION=add\0"
            + "DEVPATH=/devices/pci0000:00/usb1/1-2/1-2:1.0/ttyUSB0/tty/ttyUSB0\0SUBSYSTEM=tty\0MAJOR=188\0MINOR=0\0"
            + "DEVNAME=ttyUSB0\0SEQNUM=3241\0").utf8)

    @Test("a kernel event is read, and cut or foreign ones do no harm") func events() {
        let event = KernelEvent(HotPlugTests.message)
        #expect(event?.action == "add" && event?.subsystem == "tty" && event?.deviceName == "ttyUSB0")
        for end in HotPlugTests.message.indices { _ = KernelEvent(HotPlugTests.message[..<end]) }
        #expect(KernelEvent([]) == nil)
        #expect(KernelEvent(Array("libudev\0\u{FE}\u{ED}\0ACTION=add\0SUBSYSTEM=tty\0".utf8)) == nil)
        #expect(KernelEvent([0, 0, 0xFF, 0]) == nil)
    }

    @Test("the kernel lets anybody listen, or inotify does alone") func sockets() {
        let queue = DispatchQueue(label: "test")
        let released = DispatchGroup()
        let hotPlug = HotPlug(queue: queue, released: released) {}
        #expect(hotPlug.hearsAnything)
        #expect(!hotPlug.drain())
        hotPlug.cancel()
        released.wait()
        #expect(!HotPlug(root: "/nowhere", queue: queue, released: released) {}.hearsAnything)
    }

    @Test("ports that come and go are noticed, the coming and going of terminals is not") func folder() throws {
        let machine = Machine()
        let queue = DispatchQueue(label: "test")
        let released = DispatchGroup()
        let hotPlug = HotPlug(root: machine.root, queue: queue, released: released) {}
        defer { hotPlug.cancel() }
        machine.link("dev/tty7", to: "/dev/null")
        machine.link("dev/pty", to: "/dev/null")
        #expect(!hotPlug.drain())
        machine.link("dev/ttyUSB0", to: "/dev/null")
        #expect(hotPlug.drain())
        #expect(!hotPlug.drain())
        unlink("\(machine.root)/dev/ttyUSB0")
        #expect(hotPlug.drain())
    }
}

@Suite("Serial ports of a hub", .serialized) struct SerialPortsTests {
    /// A link that finds its port by name, on a machine of files.
    final class Hub: Sendable {
        let listener = Listener()
        let ports: SerialPorts
        let link: SerialLink

        init(_ machine: Machine, _ port: String, _ profile: Profile) {
            let device = Device(id: .test, name: "finger")
            let listener = listener
            ports = SerialPorts(
                root: machine.root, stopwatch: SerialProbeTests.stopwatch,
                log: { listener.log($0) })
            link = SerialLink(
                device: device.id, path: port, settings: .oximeter,
                backoff: .init(first: .hours(1), longest: .hours(1)),
                locate: ports.locator(for: device, at: port, profile),
                now: { listener.now() }, sink: { listener.take($0) }, log: { listener.log($0) })
            link.start()
            ports.start { [link] _ in link.reconsider() }
        }

        func stop() {
            ports.stop()
            link.stop()
        }
    }

    @Test("an adapter is found when it is plugged in, lost when it is pulled, and found again under another name")
    func replug() throws {
        let machine = Machine()
        let profile = try SerialProbeTests.profile("a.oximeter", probes: false)
        let hub = Hub(machine, "usb:10c4:ea60", profile)
        defer { hub.stop() }
        #expect(hub.listener.states == [.lost])
        for round in 1...3 {
            let line = try PseudoTerminal()
            machine.plug(.oximeter, "ttyUSB\(round)", socket: "1-1", terminal: line.path)
            #expect(hub.listener.wait { $0.states.last == .connected })
            #expect(hub.ports.found(.test) == "\(machine.root)/dev/ttyUSB\(round)")
            line.write([UInt8(round)])
            #expect(hub.listener.wait { $0.bytes.count == round })
            machine.unplug("ttyUSB\(round)", socket: "1-1")
            #expect(hub.listener.wait { $0.states.last == .lost })
            line.close()
        }
        #expect(hub.listener.bytes == [1, 2, 3])
        let cycle: [LinkState] = [.plugged, .connected, .lost]
        #expect(hub.listener.states == [.lost] + cycle + cycle + cycle)
    }

    @Test("a shared adapter is probed before it is opened, and neither counts as lost meanwhile") func probed() throws {
        let machine = Machine()
        let line = try PseudoTerminal()
        let device = Chatter(line, SerialProbeTests.frames)
        machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: line.path)
        let profile = try SerialProbeTests.profile("a.oximeter")
        let hub = Hub(machine, "auto", profile)
        defer {
            hub.stop()
            device.stop()
        }
        #expect(hub.listener.wait { !$0.bytes.isEmpty })
        #expect(hub.listener.states == [.connected])
        #expect(hub.listener.lines.contains { $0.contains("a.oximeter answers; its port is usb:10c4:ea60@0001") })
    }

    @Test("another device on a shared adapter is never opened for good; the right one beside it is") func foreign()
        throws
    {
        let machine = Machine()
        let printer = try PseudoTerminal()
        let chatter = Chatter(printer, Array("ok T:20.1 /0.0\n".utf8))
        machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: printer.path)
        let profile = try SerialProbeTests.profile("a.oximeter", span: "100ms")
        let hub = Hub(machine, "auto", profile)
        defer {
            hub.stop()
            chatter.stop()
        }
        #expect(hub.listener.wait { $0.lines.contains { $0.contains("not a.oximeter: 0 good frames") } })
        #expect(hub.listener.wait { _ in !printer.hasReader })
        let line = try PseudoTerminal()
        let device = Chatter(line, SerialProbeTests.frames)
        defer { device.stop() }
        machine.plug(.oximeter, "ttyUSB1", socket: "1-2", terminal: line.path)
        #expect(hub.listener.wait { $0.states.last == .connected })
        #expect(hub.ports.found(.test) == "\(machine.root)/dev/ttyUSB1")
        #expect(printer.read().isEmpty)
    }

    @Test("stopping in the middle of a probe lets go of the port at once") func stopping() throws {
        let machine = Machine()
        let line = try PseudoTerminal()
        machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: line.path)
        let profile = try SerialProbeTests.profile("a.oximeter", span: "60s")
        let hub = Hub(machine, "usb:10c4:ea60", profile)
        #expect(eventually { line.hasReader })
        hub.stop()
        #expect(!line.hasReader)
        #expect(hub.listener.states.isEmpty)
    }
}

/// A device that talks all the time, as those do that a probe can recognise.
private final class Chatter {
    private let timer: any DispatchSourceTimer

    init(_ line: PseudoTerminal, _ bytes: [UInt8]) {
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "test.chatter"))
        timer.schedule(deadline: .now(), repeating: .milliseconds(5))
        timer.setEventHandler { @Sendable in if line.hasReader { line.write(bytes) } }
        timer.resume()
    }

    func stop() { timer.cancel() }
}
