import Glibc
import Testing
import Vitals

@testable import Links

/// A kernel that a test plays by hand: what the radio sends, and answers to it.
struct HandKernel {
    var radio: BluetoothRadio
    var now: Int64 = 0
    /// All that was sent, with the adapter.
    var sent: [ManagementActions.Order] = []
    var lines: [String] = []

    static let supported: AdapterSettings = [.powered, .bondable, .lowEnergy, .secureConnections]

    init(owner: BluetoothOwner = .vitald, bonds: [Bond] = []) {
        radio = BluetoothRadio(bonds: bonds)
        radio.begin()
        radio.owned(by: owner, at: 0)
        take()
    }

    mutating func take() {
        let actions = radio.take(at: now)
        sent += actions.orders
        lines += actions.lines
    }

    mutating func event(_ packet: ManagementPacket) {
        radio.take(packet, at: now, time: Timestamp(milliseconds: now))
        take()
    }

    mutating func pass(_ milliseconds: Int64) {
        now += milliseconds
        radio.advance(at: now)
        take()
    }

    /// Answers the oldest command that is not answered yet.
    @discardableResult
    mutating func answer(
        _ status: ManagementStatus = .success, settings: inout AdapterSettings, address: BluetoothAddress = .own,
        adapters: [UInt16] = [0]
    ) -> ManagementActions.Order? {
        guard !sent.isEmpty else { return nil }
        let order = sent.removeFirst()
        var parameters: [UInt8] = []
        if status == .success {
            switch order.command {
            case .readIndexList:
                parameters.append(littleEndian: UInt16(adapters.count))
                for index in adapters { parameters.append(littleEndian: index) }
            case .readInformation:
                parameters = Messages.information(address, supported: Self.supported, current: settings)
            case .setPowered(let on):
                if on { settings.insert(.powered) } else { settings.remove(.powered) }
                parameters = Messages.settings(settings)
            case .setLowEnergy:
                settings.insert(.lowEnergy)
                parameters = Messages.settings(settings)
            case .setBondable:
                settings.insert(.bondable)
                parameters = Messages.settings(settings)
            case .setSecureConnections:
                settings.insert(.secureConnections)
                parameters = Messages.settings(settings)
            case .getConnections: parameters = [0, 0]
            case .startDiscovery, .stopDiscovery: parameters = [6]
            default: break
            }
        }
        event(Messages.complete(order.command, order.index, status, parameters))
        return order
    }

    /// Answers everything until nothing is open.
    mutating func settle(_ settings: inout AdapterSettings, address: BluetoothAddress = .own) -> [ManagementCommand] {
        var answered: [ManagementCommand] = []
        while let order = answer(settings: &settings, address: address) { answered.append(order.command) }
        return answered
    }
}

@Suite("Bluetooth adapters") struct AdaptersTests {
    @Test("without bluetoothd an adapter gets LE, Secure Connections, bonding and its keys before it is switched on")
    func bringUp() {
        var bond = Bond(address: .strap, adapter: .own, name: nil, since: Timestamp(milliseconds: 0))
        bond.identity = IdentityKey(address: .strap, value: Messages.key)
        var foreign = Bond(address: .watch, adapter: .other, name: nil, since: Timestamp(milliseconds: 0))
        foreign.identity = IdentityKey(address: .watch, value: Messages.key)
        var kernel = HandKernel(bonds: [bond, foreign])
        var settings: AdapterSettings = []
        let commands = kernel.settle(&settings)
        #expect(
            commands == [
                .readIndexList, .readInformation, .setLowEnergy(true), .setSecureConnections(true), .setBondable(true),
                .setCapability(.noInputNoOutput),
                .loadIdentityKeys([IdentityKey(address: .strap, value: Messages.key)]), .loadLongTermKeys([]),
                .setPowered(true), .getConnections,
            ])
        #expect(kernel.radio.ready.map(\.index) == [0])
        #expect(kernel.radio.ready.first?.address == .own)
    }

    @Test("where bluetoothd runs nothing is set, loaded or switched, whatever happens")
    func coexistence() {
        var kernel = HandKernel(owner: .bluetoothd)
        var settings: AdapterSettings = [.lowEnergy]
        #expect(kernel.settle(&settings) == [.readIndexList, .readInformation])
        #expect(kernel.radio.ready.isEmpty)
        #expect(kernel.radio.adapters.obstacle?.contains("bluetoothctl power on") == true)
        settings = [.lowEnergy, .powered]
        kernel.event(Messages.event(0x0006, 0, Messages.settings(settings)))
        #expect(kernel.settle(&settings) == [.getConnections])
        #expect(kernel.radio.ready.map(\.index) == [0])
        kernel.event(Messages.event(0x0003, 0, [0x01]))
        for _ in 0..<100 {
            kernel.pass(10_000)
            for command in kernel.settle(&settings) where command != .getConnections {
                #expect(command == .readInformation, "\(command) was sent beside bluetoothd")
            }
        }
    }

    @Test("nothing is set before it is known whose the adapters are")
    func unknownOwner() {
        var kernel = HandKernel(owner: .unknown)
        var settings: AdapterSettings = []
        #expect(kernel.settle(&settings) == [.readIndexList, .readInformation])
        kernel.radio.owned(by: .vitald, at: 0)
        kernel.take()
        #expect(kernel.settle(&settings).contains(.setPowered(true)))
    }

    @Test("removed and plugged in again, an adapter is prepared anew")
    func replug() {
        var kernel = HandKernel()
        var settings: AdapterSettings = []
        _ = kernel.settle(&settings)
        kernel.event(Messages.event(0x0005))
        #expect(kernel.radio.ready.isEmpty)
        #expect(kernel.radio.adapters.obstacle?.contains("no Bluetooth adapter") == true)
        settings = []
        kernel.event(Messages.event(0x0004))
        #expect(kernel.settle(&settings).last == .getConnections)
        #expect(kernel.radio.ready.map(\.index) == [0])
    }

    @Test("blocked by rfkill, it is tried again until it is not")
    func rfkill() {
        var kernel = HandKernel()
        var settings: AdapterSettings = []
        while let order = kernel.sent.first {
            kernel.answer(order.command == .setPowered(true) ? .blockedByRfkill : .success, settings: &settings)
        }
        #expect(kernel.radio.adapters.obstacle?.contains("rfkill") == true)
        kernel.pass(Adapters.blockedPause - 1)
        #expect(kernel.sent.isEmpty)
        kernel.pass(1)
        #expect(kernel.settle(&settings) == [.setPowered(true), .getConnections])
        #expect(kernel.radio.ready.map(\.index) == [0])
    }

    @Test("blocked where the kernel only says that it failed, the switch tells, and it is tried again as soon")
    func silentRfkill() throws {
        var kernel = HandKernel()
        var settings: AdapterSettings = []
        while let order = kernel.sent.first {
            kernel.answer(order.command == .setPowered(true) ? .failed : .success, settings: &settings)
        }
        #expect(kernel.radio.failing == [0])
        kernel.radio.blocked(0, at: kernel.now)
        #expect(kernel.radio.failing.isEmpty)
        #expect(kernel.radio.adapters.obstacle?.contains("rfkill") == true)
        kernel.pass(Adapters.blockedPause)
        #expect(kernel.settle(&settings) == [.setPowered(true), .getConnections])

        let root = "/tmp/vitald-rfkill-\(getpid())"
        defer { for path in ["hci3/rfkill7/soft", "hci3/rfkill7", "hci3", ""] { _ = remove("\(root)/\(path)") } }
        for path in ["", "hci3", "hci3/rfkill7"] { mkdir("\(root)/\(path)", 0o700) }
        for (text, isBlocked) in [("0\n", false), ("1\n", true)] {
            let file = try #require(fopen("\(root)/hci3/rfkill7/soft", "w"))
            fputs(text, file)
            fclose(file)
            #expect(RadioSwitch.isBlocked(3, below: root) == isBlocked)
        }
        #expect(!RadioSwitch.isBlocked(4, below: root))
    }

    @Test("one that stops answering is switched off and on; one that does not even answer to that is reported")
    func stuck() {
        var kernel = HandKernel()
        var settings: AdapterSettings = []
        _ = kernel.settle(&settings)
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        #expect(kernel.sent.map(\.command) == [.startDiscovery])
        kernel.sent = []
        kernel.pass(15_000)
        #expect(kernel.sent.map(\.command).contains(.setPowered(false)))
        #expect(kernel.lines.contains { $0.contains("stopped answering") })
        let commands = kernel.settle(&settings)
        #expect(commands.contains(.setPowered(true)))
        #expect(kernel.radio.ready.map(\.index) == [0])
        // Again, and this time it is dead.
        kernel.sent = []
        kernel.event(Messages.event(0x0003, 0, [0x01]))
        #expect(kernel.sent.map(\.command) == [.setPowered(false)])
        kernel.sent = []
        kernel.pass(15_000)
        #expect(kernel.radio.adapters.adapters[0]?.condition == .stuck)
        #expect(kernel.radio.ready.isEmpty)
        kernel.sent = []
        kernel.pass(Adapters.stuckPause)
        #expect(kernel.sent.map(\.command) == [.setPowered(false)])
    }

    @Test("several adapters are prepared each by itself")
    func several() {
        var kernel = HandKernel()
        var first: AdapterSettings = []
        kernel.answer(settings: &first, adapters: [0, 1])
        #expect(kernel.sent.map(\.index) == [0, 1])
        var settings: [UInt16: AdapterSettings] = [0: [], 1: []]
        while let order = kernel.sent.first {
            kernel.answer(
                settings: &settings[order.index, default: []], address: order.index == 0 ? .own : .other)
        }
        #expect(kernel.radio.ready.map(\.address) == [.own, .other])
        kernel.event(Messages.event(0x0005, 0))
        #expect(kernel.radio.ready.map(\.index) == [1])
    }

    @Test("without the capability it says so, and tries no faster than once in a while")
    func denied() {
        var kernel = HandKernel()
        var settings: AdapterSettings = []
        kernel.answer(settings: &settings)
        kernel.answer(settings: &settings)
        kernel.answer(.permissionDenied, settings: &settings)
        #expect(kernel.radio.adapters.obstacle?.contains("CAP_NET_ADMIN") == true)
        #expect(kernel.sent.isEmpty)
    }
}

@Suite("Scanning") struct ScannerTests {
    static func ready(_ owner: BluetoothOwner = .vitald) -> (HandKernel, AdapterSettings) {
        var kernel = HandKernel(owner: owner)
        var settings: AdapterSettings = [.powered, .lowEnergy]
        _ = kernel.settle(&settings)
        return (kernel, settings)
    }

    @Test("a round that ended by itself is followed by the next")
    func restart() {
        var (kernel, settings) = Self.ready()
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        for _ in 0..<5 {
            #expect(kernel.settle(&settings) == [.startDiscovery])
            kernel.event(Messages.event(0x0013, 0, [6, 1]))
            kernel.pass(10_250)
            #expect(kernel.sent.isEmpty)
            kernel.event(Messages.event(0x0013, 0, [6, 0]))
            kernel.pass(Scanner.shortestPause)
        }
    }

    @Test("with pauses between rounds the radio is left to others in them")
    func spaced() {
        var (kernel, settings) = Self.ready()
        kernel.radio.want(.spaced(3000), at: kernel.now)
        kernel.take()
        #expect(kernel.settle(&settings) == [.startDiscovery])
        kernel.event(Messages.event(0x0013, 0, [6, 0]))
        kernel.pass(2999)
        #expect(kernel.sent.isEmpty)
        kernel.pass(1)
        #expect(kernel.settle(&settings) == [.startDiscovery])
    }

    @Test("while somebody else discovers it listens, and takes over when they end")
    func busy() {
        var (kernel, settings) = Self.ready(.bluetoothd)
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        kernel.answer(.busy, settings: &settings)
        #expect(kernel.radio.scanner.isListening)
        kernel.event(Messages.found(.strap, Messages.heartRate()))
        #expect(kernel.radio.takeHeard().map(\.advertiser.address) == [.strap])
        kernel.pass(Scanner.busyPause)
        #expect(kernel.sent.map(\.command) == [.startDiscovery])
        kernel.answer(.busy, settings: &settings)
        kernel.event(Messages.event(0x0013, 0, [6, 0]))
        kernel.pass(Scanner.shortestPause)
        #expect(kernel.settle(&settings) == [.startDiscovery])
    }

    @Test("when nobody is looked for any more, discovery is stopped, and only ours")
    func stop() {
        var (kernel, settings) = Self.ready()
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        _ = kernel.settle(&settings)
        kernel.radio.want(.none, at: kernel.now)
        kernel.take()
        #expect(kernel.settle(&settings) == [.stopDiscovery])
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        kernel.answer(.busy, settings: &settings)
        kernel.radio.want(.none, at: kernel.now)
        kernel.pass(60_000)
        #expect(!kernel.sent.map(\.command).contains(.stopDiscovery))
    }

    @Test("an adapter removed in the middle of a round scans again when it is back")
    func replug() {
        var (kernel, settings) = Self.ready()
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        _ = kernel.settle(&settings)
        kernel.event(Messages.event(0x0005))
        kernel.pass(60_000)
        #expect(kernel.sent.isEmpty)
        kernel.event(Messages.event(0x0004))
        settings = [.powered, .lowEnergy]
        #expect(kernel.settle(&settings).contains(.startDiscovery))
    }

    @Test("an adapter that fails to scan again and again is switched off and on")
    func suspect() {
        var (kernel, settings) = Self.ready()
        kernel.radio.want(.constant, at: kernel.now)
        kernel.take()
        for _ in 0..<Scanner.patience {
            #expect(kernel.sent.first?.command == .startDiscovery)
            kernel.answer(.failed, settings: &settings)
            if !kernel.sent.isEmpty { break }
            kernel.pass(Scanner.longestFailurePause)
        }
        #expect(kernel.sent.map(\.command) == [.setPowered(false)])
    }

    @Test("two hundred advertisers at ten reports a second are known and cost no more than lookups")
    func crowd() {
        var (kernel, _) = Self.ready()
        let data = (0..<200).map { Messages.heartRate("device \($0)") }
        var news = 0
        for round in 0..<50 {
            kernel.now += 100
            for n in 0..<200 { kernel.event(Messages.found(.numbered(n), strength: Int8(-40 - round % 20), data[n])) }
            let heard = kernel.radio.takeHeard()
            #expect(heard.count == 200)
            news += heard.filter(\.isNews).count
        }
        // Each was parsed once, however often it was heard.
        #expect(news == 200)
        #expect(kernel.radio.table.advertisers.count == 200)
        #expect(kernel.sent.isEmpty)
    }
}
