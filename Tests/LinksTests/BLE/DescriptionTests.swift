import FoundationEssentials
import Profiles
import Simulator
import Testing
import Vitals

@testable import Links

@Suite("Bluetooth devices of the shipped profiles") struct DescriptionTests {
    static let profiles: [Profile] = {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
        let folder = root + "/DeviceProfiles"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let files = names.sorted().filter { $0.hasSuffix(".json5") }.compactMap { name in
            FileManager.default.contents(atPath: "\(folder)/\(name)").map {
                Configured.File(path: "\(folder)/\(name)", text: String(decoding: $0, as: UTF8.self))
            }
        }
        return ProfileLibrary(files: files).profiles
            .filter { $0.transport == .ble && $0.link.connects && !$0.hasDriver }
    }()

    @Test("are set up by their steps, and every value they send arrives whole", arguments: profiles.map(\.id))
    func play(id: String) throws {
        let profile = try #require(Self.profiles.first { $0.id == id })
        let person = SyntheticPerson(seed: 3, scenario: .everyday, start: DemoScenario.noon)
        let description = try DeviceDescription(
            try ProfileSensor(profile, wearer: person), for: .minutes(2))
        let server = try #require(GATTServer(description))
        let peer = GATTPeer(server)
        peer.state.withLock { $0.answers = { description.answers(to: $0, $1).map { ($0.on, $0.bytes) } } }
        let listener = Listener()
        let link = BLELink(
            device: .test, choose: { _, _ in profile },
            context: { StepContext(now: DemoScenario.noon, zone: .utc, settings: profile.settings) },
            open: { (place) throws(LinkError) in try peer.open(place) }, now: { listener.now() },
            sink: { listener.take($0) }, tell: { _ in }, log: { listener.log($0) })
        link.connect(to: BLELink.Place(BluetoothAddress(number: 7, kind: .public), mtu: profile.link.mtu))
        defer { link.stop() }
        #expect(listener.wait { !$0.states.isEmpty })
        #expect(listener.states == [.connected], "\(listener.reasons)")
        #expect(!description.play.isEmpty)
        var expected: [[UInt8]] = []
        for played in description.play {
            let uuid = try #require(BluetoothUUID(played.characteristic))
            let bytes = try #require([UInt8](hexadecimal: played.bytes))
            #expect(peer.tell(uuid, bytes), "\(uuid) was not subscribed to")
            expected.append(bytes)
        }
        func arrived() -> Bool {
            var rest = expected[...]
            for case .frame(_, _, let bytes, _) in listener.outputs where rest.first == bytes { rest.removeFirst() }
            return rest.isEmpty
        }
        #expect(eventually(arrived))
    }
}
