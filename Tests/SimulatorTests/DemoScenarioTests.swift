import Testing
import Vitals

@testable import Simulator

@Suite("The demo's afternoon")
struct DemoScenarioTests {
    static func demo() -> DemoScenario {
        func number(_ name: String) -> UInt64 { name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) } }
        return DemoScenario(
            zone: .utc, directory: "/tmp", personID: { PersonID(high: number($0), low: 1) },
            deviceID: { DeviceID(high: number($0), low: 2) })
    }

    static func life(_ name: String) -> [SyntheticPerson.Second] {
        var person = demo().person(name)
        return (0..<Int(DemoScenario.length.milliseconds / 1000)).map { _ in person.live() }
    }

    static func rate(_ life: [SyntheticPerson.Second], minutes: Range<Int>) -> Double {
        mean(life[minutes.lowerBound * 60..<minutes.upperBound * 60].map(\.heartRate))
    }

    static func steps(_ life: [SyntheticPerson.Second], minutes: Range<Int>) -> Int {
        life[minutes.upperBound * 60 - 1].steps - life[minutes.lowerBound * 60].steps
    }

    @Test("ada sits for more than an hour, then her resting heart races and settles")
    func ada() {
        let life = DemoScenarioTests.life("ada")
        // Enough that she counts as up: nobody is told to get up who has not been.
        #expect(DemoScenarioTests.steps(life, minutes: 0..<4) > 150)
        #expect(DemoScenarioTests.steps(life, minutes: 4..<160) == 0)
        #expect((60...76).contains(DemoScenarioTests.rate(life, minutes: 70..<80)))
        #expect((133...137).contains(DemoScenarioTests.rate(life, minutes: 82..<110)))
        #expect(DemoScenarioTests.rate(life, minutes: 115..<125) < 80)
    }

    @Test("ben runs far above his range and recovers slowly")
    func ben() throws {
        let life = DemoScenarioTests.life("ben")
        let demo = DemoScenarioTests.demo()
        let ben = try #require(demo.people.last)
        let session = try #require(ben.plan.sessions.first { $0.weekday == DemoScenario.day.weekday })
        // The upper end of the planned range, even when the hub guesses a high resting rate.
        let upper = 75 + session.intensity.upperBound * (DemoScenario.benMax - 75)
        let above = life.count { $0.heartRate > upper }
        #expect(above > 20 * 60 && above < 32 * 60)
        #expect(DemoScenarioTests.steps(life, minutes: 12..<22) > 950)
        #expect(DemoScenarioTests.steps(life, minutes: 22..<52) > 4600)
        #expect(DemoScenarioTests.steps(life, minutes: 52..<160) == 0)
        #expect(DemoScenarioTests.rate(life, minutes: 57..<62) > 58 + 0.4 * (184 - 58))
        #expect(DemoScenarioTests.rate(life, minutes: 90..<95) < 75)
    }

    @Test("people, devices and assignments fit together")
    func values() {
        let demo = DemoScenarioTests.demo()
        #expect(demo.people.map(\.name) == ["ada", "ben"])
        #expect(Set(demo.devices.map(\.id)).count == 4)
        #expect(demo.assignments.map(\.device) == demo.devices.map(\.id))
        #expect(demo.virtualDevices(now: { noon }).map(\.link) == demo.devices.map(\.port))
        #expect(demo.devices.allSatisfy { device in VirtualSensor.allCases.contains { $0.profile == device.profile } })
        #expect(demo.people.allSatisfy { $0.plan.sessions.count == 7 })
        #expect(DemoScenario.length.inSeconds / DemoScenario.speed <= 40)
        let times = DemoScenario.incidents.map(\.at)
        #expect(times == times.sorted())
    }
}
