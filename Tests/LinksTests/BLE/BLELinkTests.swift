import Glibc
import Profiles
import Simulator
import Synchronization
import Testing
import Vitals

@testable import Links

@Suite("A Bluetooth link", .serialized) struct BLELinkTests {
    static func profile(_ more: String = "") throws -> Profile {
        try Profile(
            text: """
                { schema: 1, id: "test.strap", version: 1, name: "Strap", transport: "ble", priority: 10,
                  match: { any: [ { service: "180D" } ] }, \(more)
                  connect: [ { read: "2A38", optional: true }, { read: "2A19", optional: true },
                             { subscribe: "2A37" }, { subscribe: "2A19", optional: true } ],
                  disconnect: [ { write: "2A39", hex: "05" } ],
                  inputs: { hrm: { char: "2A37" }, loc: { char: "2A38" }, bat: { char: "2A19" } },
                  messages: [ { id: "m", input: "hrm" }, { id: "l", input: "loc" }, { id: "b", input: "bat" } ] }
                """, file: "strap.json5")
    }

    static let services: [GATTServer.Service] = [
        .generic(hash: HandleCacheTests.hash), .information(), .heartRate, .battery,
    ]
    static let secret = GATTServer.Service(
        .heartRate, [.init(.measurement, .notify, security: .medium), .init(.controlPoint, .write)])

    /// A link to a peer, and what it says.
    final class Stage: Sendable {
        let peer: GATTPeer
        let listener: Listener
        let events: Events
        let link: BLELink
        static let place = BLELink.Place(BluetoothAddress(number: 0xC011_2233_4455, kind: .random), mtu: 247)

        final class Events: Sendable {
            let all = Mutex<[BLELink.Event]>([])
            var ends: [LinkError] {
                all.withLock { $0.compactMap { if case .ended(let error, _) = $0 { error } else { nil } } }
            }
            var caches: [HandleCache] {
                all.withLock { $0.compactMap { if case .found(let cache, "test.strap") = $0 { cache } else { nil } } }
            }
        }

        init(_ services: [GATTServer.Service] = BLELinkTests.services, _ more: String = "") throws {
            let profile = try BLELinkTests.profile(more)
            let peer = GATTPeer(services)
            let listener = Listener()
            let events = Events()
            self.peer = peer
            self.listener = listener
            self.events = events
            link = BLELink(
                device: .test, choose: { table, _ in table.uuids.contains(.heartRate) ? profile : nil },
                context: { StepContext(now: .distantPast, zone: .utc) }, lingering: .milliseconds(5),
                open: { (place) throws(LinkError) in try peer.open(place) }, now: { listener.now() },
                sink: { listener.take($0) }, tell: { event in events.all.withLock { $0.append(event) } },
                log: { listener.log($0) })
        }

        func connect(_ place: BLELink.Place = Stage.place) { link.connect(to: place) }

        /// Connects and waits until the device is set up.
        func connected(_ place: BLELink.Place = Stage.place) -> Bool {
            let before = listener.states.filter { $0 == .connected }.count
            connect(place)
            return listener.wait { $0.states.filter { $0 == .connected }.count == before + 1 }
        }

        var frames: [(input: String, bytes: [UInt8])] {
            listener.outputs.compactMap {
                if case .frame(_, let input, let bytes, _) = $0 { (input, bytes) } else { nil }
            }
        }

        func frames(of input: String) -> [[UInt8]] { frames.filter { $0.input == input }.map(\.bytes) }

        func ended(_ count: Int) -> Bool { eventually { events.ends.count == count } }
    }

    @Test("sets a device up as its profile says, and passes on what it sends under the inputs' names") func setUp()
        throws
    {
        let stage = try Stage()
        #expect(stage.connected())
        defer { stage.link.stop() }
        for beat in 60..<80 as Range<UInt8> { #expect(stage.peer.tell(.measurement, [0, beat])) }
        #expect(stage.peer.tell(.batteryLevel, [86]))
        #expect(stage.listener.wait { $0.bytes.last == 86 })
        #expect(stage.frames(of: "loc") == [[1]])
        #expect(stage.frames(of: "bat") == [[87], [86]])
        #expect(stage.frames(of: "hrm") == (60..<80).map { [0, UInt8($0)] })
        guard case .state(_, .connected, _, _)? = stage.listener.outputs.first else {
            Issue.record("a frame before connected")
            return
        }
        let cache = stage.events.caches.first
        #expect(cache?.identity.serial == "H7-0815")
        #expect(cache?.table == stage.peer.state.withLock { $0.server.table })
    }

    @Test("ten times out of range and back: one lost each, no value after coming back is missing") func tenRounds()
        throws
    {
        let stage = try Stage()
        defer { stage.link.stop() }
        var expected: [[UInt8]] = []
        for round in 0...10 as ClosedRange<UInt8> {
            #expect(stage.connected())
            for beat in 0..<20 as Range<UInt8> {
                #expect(stage.peer.tell(.measurement, [round, beat]))
                expected.append([round, beat])
            }
            #expect(eventually { stage.frames(of: "hrm").count == expected.count })
            if round == 10 { break }
            stage.peer.drop()
            #expect(stage.ended(Int(round) + 1))
        }
        #expect(stage.frames(of: "hrm") == expected)
        #expect(stage.listener.states == (0..<21).map { $0 % 2 == 0 ? .connected : .lost })
        #expect(stage.events.ends.allSatisfy { $0.code == .gone })
        // Attributes were looked for once.
        let searches = stage.peer.state.withLock { state in
            state.requests.filter {
                if case .readByGroupTypeRequest(let range, _) = $0 { range.first == 1 } else { false }
            }
        }
        #expect(searches.count == 1)
        #expect(stage.peer.connections == 11)
    }

    @Test("values that come while a device is set up follow when it is connected") func earlyValues() throws {
        let stage = try Stage()
        defer { stage.link.stop() }
        let handle = stage.peer.state.withLock { $0.server.table.characteristic(.measurement)?.value ?? 0 }
        stage.peer.state.withLock { state in
            state.air = { message in
                // The link is one that was left over: it sends already.
                message.first == 0x03
                    ? [ATTPacket.notification(AttributeValue(handle, [0, 61])).bytes, message] : [message]
            }
        }
        #expect(stage.connected())
        #expect(eventually { stage.frames(of: "hrm") == [[0, 61]] })
    }

    @Test(
        "what the kernel says is told in words, lost once",
        arguments: [
            (EBUSY, LinkError.Code.busy, "held by another process, bluetoothd most likely"),
            (EACCES, .permission, "refused the bond"), (ENOSYS, .permission, "keys of the bond"),
            (ETIMEDOUT, .gone, "out of range"), (EHOSTUNREACH, .missing, "no Bluetooth adapter"),
            (EAFNOSUPPORT, .unsupported, "no Bluetooth"),
        ])
    func refused(errno: Int32, code: LinkError.Code, words: String) throws {
        let stage = try Stage()
        defer { stage.link.stop() }
        stage.peer.state.withLock { $0.failure = errno }
        for attempt in 1...3 {
            stage.connect()
            #expect(stage.ended(attempt))
        }
        #expect(stage.events.ends.allSatisfy { $0.code == code && $0.message.contains(words) })
        #expect(stage.listener.states == [.lost])
        #expect(stage.listener.reasons.first?.contains(words) == true)
        stage.peer.state.withLock { $0.failure = 0 }
        #expect(stage.connected())
        #expect(stage.listener.states == [.lost, .connected])
    }

    @Test("a silent device is told silent, connected to anew, and connected again with its next value") func silence()
        throws
    {
        let stage = try Stage([.heartRate], "watchdog: { silence: \"100ms\", do: \"reconnect\" },")
        defer { stage.link.stop() }
        #expect(stage.connected())
        #expect(stage.ended(1))
        #expect(stage.events.ends.first?.message.contains("silent") == true)
        #expect(stage.listener.states == [.connected, .silent])
        stage.connect()
        // What is read while it is set up is no sign of life.
        #expect(eventually { stage.frames(of: "loc").count == 2 })
        #expect(stage.listener.states == [.connected, .silent])
        #expect(
            eventually {
                if stage.peer.connections == stage.events.ends.count { stage.connect() }
                stage.peer.tell(.measurement, [0, 70])
                return stage.listener.states.count > 2
            })
        #expect(stage.listener.states.prefix(3) == [.connected, .silent, .connected])
    }

    @Test("encrypts when the device asks for it, and only then") func security() throws {
        let stage = try Stage([Self.secret])
        defer { stage.link.stop() }
        #expect(stage.connected())
        #expect(stage.events.all.withLock { $0.contains(.securing(.medium)) })
        #expect(stage.peer.tell(.measurement, [0, 70]))
        #expect(stage.listener.wait { $0.bytes == [0, 70] })
        let open = try Stage()
        defer { open.link.stop() }
        #expect(open.connected())
        #expect(!open.events.all.withLock { $0.contains(.securing(.medium)) })
        #expect(open.peer.state.withLock { $0.server.security } == .low)
    }

    @Test("a refused pairing ends the connection, a forbidden one is not tried") func refusedPairing() throws {
        let stage = try Stage([Self.secret])
        defer { stage.link.stop() }
        stage.peer.state.withLock { $0.pairing = .refuses }
        stage.connect()
        #expect(stage.ended(1))
        #expect(stage.listener.states == [.lost])
        let forbidden = try Stage([Self.secret], "link: { bond: \"never\" },")
        defer { forbidden.link.stop() }
        forbidden.connect()
        #expect(forbidden.ended(1))
        #expect(forbidden.events.ends.first?.message.contains("forbids") == true)
        #expect(!forbidden.events.all.withLock { $0.contains(.securing(.medium)) })
        let required = try Stage(Self.services, "link: { bond: \"required\" },")
        defer { required.link.stop() }
        #expect(required.connected())
        #expect(required.peer.state.withLock { $0.server.security } == .medium)
    }

    @Test("takes leave as the profile says; a device that is let go is not lost") func leave() throws {
        let stage = try Stage()
        #expect(stage.connected())
        stage.link.disconnect()
        #expect(stage.ended(1))
        #expect(stage.peer.state.withLock { $0.server.value(of: .controlPoint) } == [5])
        #expect(stage.listener.states == [.connected])
        #expect(eventually { !stage.peer.isConnected })
        #expect(stage.connected())
        stage.peer.state.withLock { $0.server.set(.controlPoint, []) }
        stage.link.stop()
        #expect(stage.peer.state.withLock { $0.server.value(of: .controlPoint) } == [5])
        #expect(eventually { !stage.peer.isConnected })
        #expect(stage.events.ends.count == 1)
        stage.connect()
        stage.link.stop()
        #expect(stage.peer.connections == 2)
    }

    @Test("stops within its time beside a device that has stopped answering") func stopsAnyway() throws {
        let stage = try Stage()
        #expect(stage.connected())
        stage.peer.state.withLock { $0.air = { _ in [] } }
        stage.link.stop()
        #expect(eventually { !stage.peer.isConnected })
        #expect(stage.listener.states == [.connected])
    }

    @Test("a device of another kind is told so and left") func noProfile() throws {
        let stage = try Stage([.generic(), .battery])
        defer { stage.link.stop() }
        stage.connect()
        #expect(stage.ended(1))
        #expect(stage.events.ends.first?.message == "no profile fits what the device has")
        #expect(stage.events.caches.isEmpty)
    }

    @Test("goes on with a device whose attributes move while connected") func serviceChanged() throws {
        let stage = try Stage()
        defer { stage.link.stop() }
        #expect(stage.connected())
        let indication = stage.peer.state.withLock { state in
            let told = state.server.tell(HandleCache.serviceChanged, [1, 0, 0xFF, 0xFF])
            state.server.replace([.generic(hash: HandleCacheTests.otherHash), .motion, .battery, .heartRate])
            return told
        }
        stage.peer.say(indication ?? [])
        #expect(eventually { stage.peer.isSubscribed(to: .measurement) })
        #expect(eventually { stage.events.caches.count == 2 })
        #expect(stage.events.caches.last?.databaseHash == HandleCacheTests.otherHash)
        #expect(stage.peer.tell(.measurement, [0, 99]))
        #expect(stage.listener.wait { $0.bytes.suffix(2) == [0, 99] })
        #expect(stage.listener.states == [.connected])
    }

    @Test("noise between values costs a line in the log, and no value") func noise() throws {
        let stage = try Stage()
        defer { stage.link.stop() }
        #expect(stage.connected())
        var random = SplitMix(9)
        for beat in 0..<100 as Range<UInt8> {
            var junk = (0..<Int.random(in: 1...60, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random)
            }
            // Values and changed services would be believed: nothing tells them from true ones.
            if [0x1B, 0x1D, 0x23].contains(junk[0]) { junk[0] = 0xFF }
            stage.peer.say(junk)
            stage.peer.say([UInt8](repeating: 0x1B, count: 600))
            #expect(stage.peer.tell(.measurement, [0, beat]))
        }
        #expect(eventually { stage.frames(of: "hrm").count == 100 })
        #expect(stage.frames(of: "hrm") == (0..<100).map { [0, UInt8($0)] })
        stage.peer.drop()
        #expect(stage.ended(1))
        #expect(stage.listener.lines.contains { $0.contains("messages unreadable") })
    }
}
