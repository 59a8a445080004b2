import Testing
import Vitals

@testable import Links

@Suite("Pairing") struct PairingAgentTests {
    static func request(_ address: BluetoothAddress, justWorks: Bool, _ number: UInt32 = 123_456) -> ManagementPacket {
        var bytes = Messages.address(address) + [justWorks ? 1 : 0]
        bytes.append(littleEndian: number)
        return Messages.event(0x000F, 0, bytes)
    }

    @Test("Just Works is agreed to for a device of ours, and refused for a stranger")
    func justWorks() {
        var (kernel, _) = ScannerTests.ready()
        kernel.radio.agent.expected.insert(.strap)
        kernel.event(Self.request(.strap, justWorks: true))
        kernel.event(Self.request(.watch, justWorks: true))
        #expect(kernel.sent.map(\.command) == [.confirm(.strap, true), .confirm(.watch, false)])
    }

    @Test("numbers and passkeys are refused when nobody is there to look at them")
    func unattended() {
        var (kernel, _) = ScannerTests.ready()
        kernel.radio.agent.expected.insert(.strap)
        kernel.event(Self.request(.strap, justWorks: false))
        kernel.event(Messages.event(0x0010, 0, Messages.address(.strap)))
        #expect(kernel.sent.map(\.command) == [.confirm(.strap, false), .passkey(.strap, nil)])
        #expect(kernel.lines.contains { $0.contains("devices pair") })
    }

    @Test("a person is asked for the passkey, and the answer goes to the kernel")
    func passkey() {
        var (kernel, settings) = ScannerTests.ready()
        kernel.radio.pair(.strap, on: 0)
        kernel.take()
        kernel.event(Messages.event(0x0010, 0, Messages.address(.strap)))
        #expect(kernel.radio.agent.session?.progress == .asking(.enter))
        #expect(kernel.radio.answer(true, passkey: 1_000_000) != nil)
        #expect(kernel.radio.answer(true, passkey: 123_456) == nil)
        kernel.take()
        #expect(kernel.sent.map(\.command) == [.pair(.strap, .keyboardDisplay), .passkey(.strap, 123_456)])
        kernel.event(Messages.longTermKey(.strap, type: 3))
        #expect(kernel.answer(settings: &settings)?.command == .pair(.strap, .keyboardDisplay))
        #expect(kernel.radio.agent.session?.progress == .done)
        #expect(kernel.radio.agent.bonds[.strap]?.isAuthenticated == true)
        #expect(kernel.radio.agent.hasChanged)
    }

    @Test("a pairing that the device refuses, or that nobody answers, ends with its reason")
    func refused() {
        var (kernel, settings) = ScannerTests.ready()
        kernel.radio.pair(.strap, on: 0)
        kernel.take()
        kernel.answer(.authenticationFailed, settings: &settings)
        guard case .failed = kernel.radio.agent.session?.progress else {
            Issue.record("still \(String(describing: kernel.radio.agent.session))")
            return
        }
        kernel.radio.pair(.strap, on: 0)
        kernel.pass(0)
        kernel.sent = []
        kernel.pass(60_000)
        guard case .failed = kernel.radio.agent.session?.progress else {
            Issue.record("a pairing that nobody answers goes on")
            return
        }
        // That a device was silent is no reason to restart the adapter.
        #expect(kernel.sent.isEmpty)
    }

    @Test("keys are kept where vitald owns the adapters, and left to bluetoothd where that runs")
    func owners() {
        for owner in [BluetoothOwner.vitald, .bluetoothd] {
            var (kernel, _) = ScannerTests.ready(owner)
            kernel.event(Messages.longTermKey(.strap))
            kernel.event(Messages.longTermKey(.watch, hint: 0))
            #expect(
                kernel.radio.agent.bonds.keys.sorted { $0.number < $1.number } == (owner == .vitald ? [.strap] : []))
        }
    }

    @Test("a device that changes its address is known by its identity once it is paired")
    func identity() {
        var (kernel, _) = ScannerTests.ready()
        let seen = BluetoothAddress(number: 0x4A_11_22_33_44_55, kind: .random)
        kernel.event(Messages.identityKey(.strap, seenAs: seen))
        #expect(kernel.radio.takeIdentified().map(\.identity) == [.strap])
        #expect(kernel.radio.agent.bonds[.strap]?.identity?.value == Messages.key)
    }

    @Test("forgetting deletes our keys and the kernel's")
    func forget() {
        var (kernel, _) = ScannerTests.ready()
        kernel.event(Messages.longTermKey(.strap))
        kernel.radio.forget(.strap)
        kernel.take()
        #expect(kernel.radio.agent.bonds.isEmpty)
        #expect(kernel.sent.map(\.command) == [.unpair(.strap, disconnect: true)])
        #expect(kernel.radio.adapters.bonds.isEmpty)
    }

    @Test("what is kept reads as it was written, and nothing of it when it is cut")
    func memory() {
        var memory = BluetoothMemory()
        var bond = Bond(address: .strap, adapter: .own, name: "HR", since: Timestamp(milliseconds: 5))
        bond.keys = [
            LongTermKey(
                address: .strap, type: 2, central: 0, size: 16, diversifier: 1, random: 2, value: Messages.key)
        ]
        bond.identity = IdentityKey(address: .strap, value: Messages.key)
        memory.bonds = [bond]
        memory.places = [.test: .watch]
        let state = memory.state
        #expect(BluetoothMemory(state) == memory)
        for size in 0..<state.bytes.count {
            var cut = state
            cut.bytes = Array(state.bytes.prefix(size))
            #expect(BluetoothMemory(cut) == BluetoothMemory())
        }
    }
}

@Suite("The system bus") struct SystemBusTests {
    /// A method return to serial 2 with a boolean, as dbus-daemon 1.14 sends it.
    static let answer: [UInt8] =
        [0x6C, 2, 1, 1, 4, 0, 0, 0, 3, 0, 0, 0, 61, 0, 0, 0]
        + [6, 1, 0x73, 0, 5, 0, 0, 0] + Array(":1.42".utf8) + [0, 0, 0]
        + [5, 1, 0x75, 0, 2, 0, 0, 0]
        + [8, 1, 0x67, 0, 1, 0x62, 0, 0]
        + [7, 1, 0x73, 0, 20, 0, 0, 0] + Array("org.freedesktop.DBus".utf8) + [0]
        + [0, 0, 0] + [1, 0, 0, 0]

    @Test("an answer is read whole, and not before it is whole")
    func answer() throws {
        let message = try #require(BusMessage(Self.answer))
        #expect(message.length == Self.answer.count)
        #expect(message.isReturn && message.replyTo == 2 && message.body == [1, 0, 0, 0])
        for size in 0..<Self.answer.count { #expect(BusMessage(Array(Self.answer.prefix(size))) == nil) }
    }

    @Test("a call has the lengths that it says")
    func call() throws {
        let bytes = SystemBus.call("NameHasOwner", serial: 2, argument: "org.bluez")
        let message = try #require(BusMessage(bytes))
        #expect(message.length == bytes.count)
        #expect(message.body == [9, 0, 0, 0] + Array("org.bluez".utf8) + [0])
    }

    @Test("without a bus there is no bluetoothd")
    func none() { #expect(SystemBus.bluetoothOwner(path: "/nonexistent/bus") == .vitald) }
}
