import Hub
import Testing
import Vitals

@Suite("Frames of devices")
struct DeviceFrameTests {
    private let bob = Person(id: PersonID(derivedFrom: "bob"), name: "bob", zone: "America/New_York")
    private let cuff = Device(id: DeviceID(derivedFrom: "cuff"), name: "cuff", profile: "ble.blood-pressure")
    private let oximeter = Device(id: DeviceID(derivedFrom: "clip"), name: "clip", profile: "contec.cms50.legacy")
    /// 3 June 2026, 08:00 UTC: ten in Berlin, four in New York.
    private let morning = Timestamp(milliseconds: 1_780_473_600_000)

    private func configured(_ device: Device, _ assignments: [Assignment]) throws -> Configured {
        var configured = try TestHousehold.configured()
        configured.people = [TestHousehold.person, bob]
        configured.devices = [device]
        configured.assignments = assignments
        return configured
    }

    /// 120 over 80, measured at an hour of that day by the cuff's clock.
    private func pressure(hour: UInt8) -> [UInt8] {
        [0x02, 0x78, 0x00, 0x50, 0x00, 0x5D, 0x00, 0xEA, 0x07, 6, 3, hour, 0, 0]
    }

    private func systolic(_ commit: Commit, of person: Person) -> [Timestamp] {
        commit.samples.filter { $0.person == person.id }.flatMap(\.samples)
            .filter { $0.metric == .bloodPressureSystolic }.map(\.time)
    }

    @Test("a clock that shows local time is read in its wearer's zone, also when the device changes hands")
    func localTimes() throws {
        let handOver = morning + .minutes(10)
        let pipeline = try Pipeline(
            hub: HubID(derivedFrom: "test"),
            configured: try configured(
                cuff,
                [
                    Assignment(device: cuff.id, person: TestHousehold.person.id, to: handOver),
                    Assignment(device: cuff.id, person: bob.id, from: handOver),
                ]))
        func take(_ hour: UInt8, _ at: Timestamp) {
            pipeline.take(Input(at: at, .frame(device: cuff.id, input: "pressure", bytes: pressure(hour: hour))))
        }
        take(10, morning + .seconds(30))
        take(4, handOver + .seconds(30))
        pipeline.advance(to: handOver + .minutes(1))
        let commit = pipeline.takeCommit()
        #expect(systolic(commit, of: TestHousehold.person) == [morning])
        #expect(systolic(commit, of: bob) == [morning])
    }

    @Test("a person who moves takes the zone along")
    func movedZone() throws {
        let assignments = [Assignment(device: cuff.id, person: bob.id)]
        var settings = try configured(cuff, assignments)
        let pipeline = try Pipeline(hub: HubID(derivedFrom: "test"), configured: settings)
        pipeline.take(
            Input(at: morning + .seconds(30), .frame(device: cuff.id, input: "pressure", bytes: pressure(hour: 4))))
        settings.people[1].zone = "Europe/Berlin"
        pipeline.take(Input(at: morning + .seconds(40), .configuration(settings)))
        pipeline.take(
            Input(at: morning + .hours(1), .frame(device: cuff.id, input: "pressure", bytes: pressure(hour: 11))))
        pipeline.advance(to: morning + .hours(2))
        #expect(systolic(pipeline.takeCommit(), of: bob) == [morning, morning + .hours(1)])
    }

    @Test("a frame cut by a restart is put together from the decoder's own state")
    func halfFrame() throws {
        let settings = try configured(oximeter, [Assignment(device: oximeter.id, person: bob.id)])
        let first = try Pipeline(hub: HubID(derivedFrom: "test"), configured: settings)
        func frame(_ bytes: [UInt8], _ at: Timestamp) -> Input {
            Input(at: at, .frame(device: oximeter.id, input: "port", bytes: bytes))
        }
        first.take(frame([0x86, 0x30, 0x03, 0x48, 0x61, 0x86, 0x30], morning))
        let states = first.takeCommit().states
        let own = states.filter { $0.component.hasPrefix("path/decoder/") }
        #expect(own.count == 1)
        // The same frames again leave the decoder as it was: it is not written again.
        #expect(first.takeCommit().states.isEmpty)

        let second = try Pipeline(hub: HubID(derivedFrom: "test"), configured: settings, states: states)
        second.take(frame([0x03, 0x4B, 0x60], morning + .seconds(2)))
        second.advance(to: morning + .seconds(20))
        let rates = second.takeCommit().samples.flatMap(\.samples).filter { $0.metric == .heartRate }.map(\.value)
        #expect(rates == [72, 75])
    }
}
