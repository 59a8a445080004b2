import Storage
import Testing
import Vitals

@testable import Hub

@Suite("What goes on while the hub runs, sleeps, and starts again")
struct ContinuityTests {
    private let start = Timestamp(milliseconds: 1_780_437_600_000)
    private let ada = TestHousehold.person

    private func beats(from: Timestamp, seconds: Int64, rate: Float = 62) -> [Sample] {
        (0..<seconds / 5).map {
            let time = from + .seconds($0 * 5)
            return Sample(
                metric: .heartRate, value: rate, time: time, received: time, source: TestHousehold.device.id)
        }
    }

    @Test("a night asleep is a gap that says so once, in which nothing is decided")
    func suspended() throws {
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: try TestHousehold.configured())
        pipeline.take(beats(from: start, seconds: 600)[...], of: ada.id)
        pipeline.take(Input(at: start + .seconds(600), .time))
        _ = pipeline.takeCommit()
        let morning = start + .seconds(600) + .hours(8)
        pipeline.take(Input(at: morning, .suspended(.hours(8))))
        let told = pipeline.takeCommit().events
        #expect(told.map(\.rule) == ["hub:asleep"])
        #expect(told.first?.onset == morning - .hours(8) && told.first?.decided == morning)
        pipeline.take(beats(from: morning + .seconds(1), seconds: 300)[...], of: ada.id)
        pipeline.advance(to: morning + .seconds(400))
        let later = pipeline.takeCommit()
        #expect(
            later.samples.flatMap(\.samples).filter { $0.metric == .heartRate && $0.time > morning }.count
                == 60)
        #expect(later.events.allSatisfy { $0.decided >= morning })
    }

    @Test("a device and a person that a new configuration brings are heard at once; what was learned stays")
    func reconfigured() throws {
        var configured = try TestHousehold.configured()
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: configured)
        let belt = Device(id: DeviceID(derivedFrom: "belt"), name: "belt", profile: "diy.lines")
        func frame(_ at: Timestamp) -> Input {
            Input(at: at, .frame(device: belt.id, input: "port", bytes: Array("{\"hr\":71}\n".utf8)))
        }
        pipeline.take(beats(from: start, seconds: 60)[...], of: ada.id)
        pipeline.take(frame(start + .seconds(60)))
        let ben = Person(id: PersonID(derivedFrom: "ben"), name: "ben", zone: "UTC")
        configured.people.append(ben)
        configured.devices.append(belt)
        configured.assignments.append(Assignment(device: belt.id, person: ben.id))
        pipeline.take(Input(at: start + .seconds(61), .configuration(configured)))
        for second in Int64(62)..<90 { pipeline.take(frame(start + .seconds(second))) }
        pipeline.advance(to: start + .seconds(120))
        let commit = pipeline.takeCommit()
        func rates(_ person: PersonID) -> [Float] {
            commit.samples.filter { $0.person == person }.flatMap(\.samples).filter { $0.metric == .heartRate }
                .map(\.value)
        }
        #expect(rates(ada.id).count == 12 && rates(ada.id).allSatisfy { $0 == 62 })
        #expect(rates(ben.id).count == 28 && rates(ben.id).allSatisfy { $0 == 71 })
    }

    @Test("ids of a live store are drawn, and found again by name")
    func identities() throws {
        let folder = TemporaryFolder()
        let store = try SQLiteStore.open(path: folder.path("a.db"), mode: .write(hub: .random(), createIfMissing: true))
        defer { store.close() }
        let written = try TestHousehold.configured()
        let first = try written.identified(in: store)
        #expect(first.people[0].id != written.people[0].id && first.devices[0].id != written.devices[0].id)
        #expect(first.assignments == [Assignment(device: first.devices[0].id, person: first.people[0].id)])
        var commit = Commit(at: start)
        commit.people = first.people
        commit.devices = first.devices
        try store.commit(commit)
        #expect(try written.identified(in: store) == first)
    }

    @Test("a night that is imported again with its missing half gives a derived value of higher revision")
    func importedAgain() throws {
        let folder = TemporaryFolder()
        let store = try SQLiteStore.open(path: folder.path("a.db"), mode: .write(hub: .random(), createIfMissing: true))
        defer { store.close() }
        func still(_ from: Timestamp, _ seconds: Int64) -> [Sample] {
            (1...seconds / 60).map {
                let time = from + .minutes($0)
                return Sample(
                    metric: .steps, value: 0, time: time, span: 60_000, received: time,
                    source: TestHousehold.device.id)
            }
        }
        // 00:00 to 07:00 in Berlin: a calm first half, a calmer second one; each with some minutes of the morning.
        let halves = [
            beats(from: start, seconds: 3 * 3600 + 1800, rate: 60) + beats(from: start + .hours(9), seconds: 600),
            beats(from: start + .hours(4), seconds: 2 * 3600, rate: 50) + beats(from: start + .hours(10), seconds: 600),
        ]
        func resting() throws -> [Sample] {
            var found: [Sample] = []
            try store.samples(of: ada.id, metrics: [.restingHeartRate], in: .all) { found.append($0) }
            return found
        }
        for samples in halves {
            guard let first = samples.first, let last = samples.last else { continue }
            let night = (samples + still(first.time, (last.time - first.time).milliseconds / 1000)).sorted {
                $0.time < $1.time
            }
            try Importing.run(night, of: ada, source: TestHousehold.device, store: store) { _, _ in }
        }
        let found = try resting()
        #expect(found.count == 1)
        #expect(found.first.map { $0.revision > 0 && $0.value < 60 && $0.value > 50 } == true, "\(found)")
    }
}
