import FoundationEssentials
import Profiles
import Testing
import Vitals

@testable import Simulator

@Suite("Bluetooth devices on paper")
struct DeviceDescriptionTests {
    static let ids = ShippedProfiles.library.profiles.filter { $0.transport == .ble }.map(\.id)

    static func describe(_ id: String, _ trouble: SensorTrouble = .none) throws -> DeviceDescription {
        let sensor = try ProfileSensor(
            try ShippedProfiles.profile(id), wearer: ProfileSensorTests.person(), trouble: trouble)
        return try DeviceDescription(sensor, for: .seconds(65))
    }

    static func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<min($0 + 2, digits.count)], as: UTF8.self), radix: 16)
        }
    }

    @Test("a hub takes the device for what it is", arguments: DeviceDescriptionTests.ids)
    func recognised(id: String) throws {
        let description = try DeviceDescriptionTests.describe(id)
        let advertisement = Advertisement(
            name: description.advertising.name,
            services: Set(description.advertising.services.compactMap { BluetoothUUID($0) }),
            manufacturerData: Dictionary(
                uniqueKeysWithValues: description.advertising.manufacturerData.map {
                    ($0.company, DeviceDescriptionTests.bytes($0.data))
                }))
        let gatt = Set(description.services.compactMap { BluetoothUUID($0.uuid) })
        let decision = ShippedProfiles.library.match(advertisement, gatt: gatt)
        #expect(decision.profile?.id == id)
    }

    @Test("it has everything the profile's steps ask for", arguments: DeviceDescriptionTests.ids)
    func complete(id: String) throws {
        let profile = try ShippedProfiles.profile(id)
        let description = try DeviceDescriptionTests.describe(id)
        let properties = Dictionary(
            uniqueKeysWithValues: description.services.flatMap(\.characteristics).map { ($0.uuid, $0.properties) })
        for step in profile.connect {
            switch step {
            case .read(let uuid, _): #expect(properties[uuid.lowercase]?.contains("read") == true)
            case .subscribe(let uuid, _): #expect(properties[uuid.lowercase]?.contains("notify") == true)
            case .indicate(let uuid, _): #expect(properties[uuid.lowercase]?.contains("indicate") == true)
            default: continue
            }
        }
        for play in description.play {
            #expect(!Set(properties[play.characteristic] ?? []).isDisjoint(with: ["notify", "indicate"]))
        }
        #expect(!description.expected.isEmpty)
    }

    @Test("what is expected is what the person did")
    func expected() throws {
        let description = try DeviceDescriptionTests.describe("ble.hrs")
        var person = ProfileSensorTests.person()
        let rates = (0..<60).map { _ in person.live().heartRate }
        let expected = description.expected.filter { $0.metric == "heart_rate" && $0.at <= 60_000 }
        #expect(expected.count == 60)
        // A strap shows the mean of the last beats, which lags behind a rate that rises.
        for (expectation, rate) in zip(expected, rates) { #expect(abs(expectation.value - rate) < 15) }
    }

    @Test("a ring answers what it is asked")
    func replies() throws {
        let description = try DeviceDescriptionTests.describe("colmi.r0x")
        let profile = try ShippedProfiles.profile("colmi.r0x")
        let answers = Dictionary(uniqueKeysWithValues: description.replies.map { ($0.prefix, $0.bytes) })
        func decode(_ frames: [String]?) -> Decoded {
            var decoder = Decoder(profile, timed: false)
            var decoded = Decoded()
            for frame in frames ?? [] {
                decoder.feed(DeviceDescriptionTests.bytes(frame), input: "rx", at: DemoScenario.noon, into: &decoded)
            }
            return decoded
        }
        #expect(decode(answers["03"]).readings.map(\.metric) == [.battery])
        #expect(decode(answers["6901"]).readings.map(\.metric) == [.heartRate])
        #expect(decode(answers["15"]).diagnostics[.other("no-data")] == 1)
        #expect(decode(answers["43"]).diagnostics[.other("no-data")] == 1)
    }

    @Test("Polar's control point confirms start and stop")
    func control() throws {
        let reply = try #require(try DeviceDescriptionTests.describe("polar.pmd").replies.first)
        #expect(reply.prefix == "0200")
        #expect(reply.bytes == ["f00200000000"])
    }

    @Test("the same seed gives the same text, with the keys the players know")
    func text() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let first = try encoder.encode(try DeviceDescriptionTests.describe("ble.hrs"))
        #expect(first == (try encoder.encode(try DeviceDescriptionTests.describe("ble.hrs"))))
        let text = String(decoding: first, as: UTF8.self)
        for key in ["advertising", "services", "characteristics", "properties", "play", "replies", "expected"] {
            #expect(text.contains("\"\(key)\":"))
        }
    }

    @Test("a serial device is no Bluetooth device")
    func serial() throws {
        let sensor = try ProfileSensor(try ShippedProfiles.profile("diy.lines"), wearer: ProfileSensorTests.person())
        #expect(throws: ProfileSensor.Refusal.self) { try DeviceDescription(sensor, for: .seconds(5)) }
    }
}
