import Foundation
import Hub
import Vitals

/// A person, a device and the shipped rules, for tests.
enum TestHousehold {
    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static let person = Person(
        id: PersonID(derivedFrom: "ada"), name: "ada", zone: "Europe/Berlin", born: LocalDay("1959-03-29"),
        plan: WeeklyPlan(
            sessions: (1...7).map {
                PlannedSession(weekday: $0, activity: "walk", minutes: 30, intensity: 0.4...0.6)
            }))
    static let device = Device(id: DeviceID(derivedFrom: "band"), name: "band")

    static func configured() throws -> Configured {
        Configured(
            people: [person], devices: [device], assignments: [Assignment(device: device.id, person: person.id)],
            profiles: try Folder.files(in: [packageRoot.appending(path: "DeviceProfiles").path], ending: ".json5"),
            rules: try Folder.files(in: [packageRoot.appending(path: "Rules").path], ending: ".json5"))
    }

    /// A day and a half at one sample in ten seconds: a night, a morning at the desk, a walk too fast, an hour of a high
    /// rate at rest, a lost sensor; some samples late, some twice.
    static func samples(seed: UInt64 = 1) -> [Sample] {
        var random = SplitMix(state: seed)
        let start = Timestamp(milliseconds: 1_780_437_600_000)  // 2026-06-03T00:00:00+02:00
        var samples: [Sample] = []
        for second in stride(from: Int64(0), to: 36 * 3600, by: 10) {
            let hour = Double(second) / 3600
            if (20..<22).contains(hour) { continue }
            let rate: Double =
                switch hour {
                case ..<7: 55
                case 11..<11.7: 150
                case 13..<14: 140
                default: 72
                }
            let time = start + .seconds(second)
            let late = random.next() % 50 == 0 ? TimeSpan.seconds(Int64(random.next() % 300)) : .zero
            let sample = Sample(
                metric: .heartRate, value: Float(rate) + Float(random.next() % 7), time: time, received: time + late,
                source: device.id)
            samples.append(sample)
            if random.next() % 40 == 0 { samples.append(sample) }
            if second % 60 == 0 {
                let walking = (11..<11.7).contains(hour)
                samples.append(
                    Sample(
                        metric: .steps, value: walking ? 120 : Float(random.next() % 3), time: time + .minutes(1),
                        span: 60_000, received: time + .minutes(1), source: device.id))
            }
        }
        return samples.sorted {
            ($0.received, $0.time, $0.metric.rawValue) < ($1.received, $1.time, $1.metric.rawValue)
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): random numbers by seed, so that a failure can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "vitald-\(UUID().uuidString)")
    init() { try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appending(path: name).path }
}
