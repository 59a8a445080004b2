import Profiles
import Testing
import Vitals

@testable import Links

@Suite("Claims on ports") struct PortClaimsTests {
    static let belt = DeviceID(high: 0x1234_5678_9ABC_4DEF, low: 0x8000_0000_0000_0002)

    static func request(
        _ port: String, _ profile: Profile, device: DeviceID = .test, name: String = "finger"
    ) throws -> PortRequest {
        PortRequest(device: device, name: name, port: try PortName(port), profile: profile)
    }

    /// Claims on what is plugged into a machine, with answers that a test makes up.
    struct Desk {
        let machine = Machine()
        var claims: PortClaims
        var now: Int64 = 0

        init(_ requests: PortRequest...) { claims = PortClaims(requests) }

        mutating func look() { claims.look(machine.adapters) }

        mutating func locate(_ device: DeviceID = .test) -> String {
            do throws(LinkError) { return machine.plain(try claims.locate(device)) } catch {
                return "\(error.code): " + machine.plain(error.message)
            }
        }

        /// The ports that are due, each answered by what `answers` says of it: a profile, "" for another device, or
        /// "few" for too few good frames.
        mutating func probe(_ answers: [String: String]) -> [String] {
            var probed: [String] = []
            while let due = claims.nextProbe(at: now) {
                var verdict = SerialProbe.Verdict(path: due.adapter.path)
                var listener = ProbeListener(due.profiles[0])
                let answer = answers[due.adapter.name]
                if answer == "few" {
                    listener.hear(Array(SerialProbeTests.frames.prefix(10)))
                } else if answer != nil {
                    listener.hear([0x41, 0x42])
                }
                verdict.take([listener])
                if let answer, due.profiles.contains(where: { $0.id == answer }) { verdict.profile = answer }
                probed.append(due.adapter.name)
                _ = claims.take(verdict, of: due.adapter, at: now)
            }
            return probed
        }
    }

    @Test("an adapter with ids that many gadgets share is given away only after its device answered") func probing()
        throws
    {
        let profile = try SerialProbeTests.profile("a.oximeter")
        var desk = Desk(try PortClaimsTests.request("usb:10c4:ea60", profile))
        #expect(desk.locate().hasPrefix("missing: no such adapter"))
        #expect(desk.probe([:]).isEmpty)
        desk.machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        desk.look()
        #expect(desk.locate() == "pending: /dev/ttyUSB0 is being probed for a.oximeter")
        #expect(desk.probe(["ttyUSB0": "a.oximeter"]) == ["ttyUSB0"])
        #expect(desk.locate() == "/dev/ttyUSB0")
        #expect(desk.claims.nextDue() == nil)
        // Unplugged and plugged in again it is another, whatever its name.
        desk.machine.unplug("ttyUSB0", socket: "1-1")
        desk.look()
        #expect(desk.locate().hasPrefix("missing"))
        desk.machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        desk.look()
        #expect(desk.locate().hasPrefix("pending"))
    }

    @Test("ids that belong to one kind of device need no probe") func ownIDs() throws {
        let profile = try SerialProbeTests.profile("a.oximeter", probes: false)
        var desk = Desk(try PortClaimsTests.request("usb:10c4:ea60", profile))
        desk.machine.plug(.oximeter, "ttyUSB3", socket: "1-1", terminal: "/dev/null")
        desk.look()
        #expect(desk.locate() == "/dev/ttyUSB3")
        #expect(desk.probe([:]).isEmpty)
    }

    @Test("a device keeps its adapter when a twin is plugged in, and a person is told how to name it") func twins()
        throws
    {
        let profile = try SerialProbeTests.profile("a.belt", usb: "1a86:7523", probes: false)
        var desk = Desk(try PortClaimsTests.request("usb:1a86:7523", profile))
        desk.machine.plug(.nameless, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        desk.look()
        #expect(desk.locate() == "/dev/ttyUSB0")
        desk.machine.plug(.nameless, "ttyUSB1", socket: "1-2", terminal: "/dev/null")
        desk.look()
        #expect(desk.locate() == "/dev/ttyUSB0")
        #expect(
            desk.claims.hints() == [
                "finger: another adapter 1a86:7523 is plugged in now; write usb:1a86:7523@1-1 as its port to stay with this one"
            ])
        // Without that history there is no telling.
        var fresh = PortClaims(desk.claims.requests)
        fresh.look(desk.machine.adapters)
        #expect { try fresh.locate(.test) } throws: { ($0 as? LinkError)?.code == .ambiguous }
    }

    @Test("two adapters of a kind stay with their people when they swap their kernel names") func swapped() throws {
        let profile = try SerialProbeTests.profile("a.belt", usb: "1a86:7523", probes: false)
        var desk = Desk(
            try PortClaimsTests.request("usb:1a86:7523@1-1", profile),
            try PortClaimsTests.request("usb:1a86:7523@1-2", profile, device: PortClaimsTests.belt, name: "belt"))
        desk.machine.plug(.nameless, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        desk.machine.plug(.nameless, "ttyUSB1", socket: "1-2", terminal: "/dev/null")
        desk.look()
        #expect([desk.locate(), desk.locate(PortClaimsTests.belt)] == ["/dev/ttyUSB0", "/dev/ttyUSB1"])
        desk.machine.unplug("ttyUSB0", socket: "1-1")
        desk.machine.unplug("ttyUSB1", socket: "1-2")
        desk.machine.plug(.nameless, "ttyUSB0", socket: "1-2", terminal: "/dev/null")
        desk.machine.plug(.nameless, "ttyUSB1", socket: "1-1", terminal: "/dev/null")
        desk.look()
        #expect([desk.locate(), desk.locate(PortClaimsTests.belt)] == ["/dev/ttyUSB1", "/dev/ttyUSB0"])
    }

    @Test("a path stays a path; with a twin beside it, a hint says how to be sure") func paths() throws {
        let profile = try SerialProbeTests.profile("a.belt", usb: "1a86:7523")
        let machine = Machine()
        machine.plug(.nameless, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        var claims = PortClaims([try PortClaimsTests.request("\(machine.root)/dev/ttyUSB0", profile)])
        claims.look(machine.adapters)
        #expect(try claims.locate(.test) == "\(machine.root)/dev/ttyUSB0")
        #expect(claims.hints().isEmpty && claims.nextProbe(at: 0) == nil)
        machine.plug(.nameless, "ttyUSB1", socket: "1-2", terminal: "/dev/null")
        claims.look(machine.adapters)
        #expect(
            claims.hints().map { machine.plain($0) } == [
                "finger: /dev/ttyUSB0 is one of several adapters 1a86:7523, which may swap names when they are plugged in "
                    + "again; write usb:1a86:7523@1-1 as its port"
            ])
    }

    @Test("auto takes the one adapter that answers, after all were asked, and none that a person named") func auto()
        throws
    {
        let profile = try SerialProbeTests.profile("a.belt", usb: "1a86:7523")
        var desk = Desk(
            try PortClaimsTests.request("auto", profile),
            try PortClaimsTests.request("usb:1a86:7523@1-3", profile, device: PortClaimsTests.belt, name: "belt"))
        for n in 0..<3 {
            desk.machine.plug(.nameless, "ttyUSB\(n)", socket: "1-\(n + 1)", terminal: "/dev/null")
        }
        desk.machine.plug(.oximeter, "ttyUSB3", socket: "1-4", terminal: "/dev/null")
        desk.look()
        #expect(desk.locate() == "pending: /dev/ttyUSB0, /dev/ttyUSB1 is being probed for a.belt")
        let all = ["ttyUSB1": "a.belt", "ttyUSB2": "a.belt", "ttyUSB0": ""]
        #expect(desk.probe(all) == ["ttyUSB0", "ttyUSB1", "ttyUSB2"])
        #expect(desk.locate() == "/dev/ttyUSB1")
        #expect(desk.locate(PortClaimsTests.belt) == "/dev/ttyUSB2")
        // What answered in another language is not disturbed again, ever.
        desk.now = .max
        #expect(desk.probe(all).isEmpty)
    }

    @Test("auto never guesses: not between two that answer, nor between two people") func guesses() throws {
        let profile = try SerialProbeTests.profile("a.belt", usb: "1a86:7523")
        var desk = Desk(try PortClaimsTests.request("auto", profile))
        desk.machine.plug(.nameless, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        desk.machine.plug(.nameless, "ttyUSB1", socket: "1-2", terminal: "/dev/null")
        desk.look()
        _ = desk.probe(["ttyUSB0": "a.belt", "ttyUSB1": "a.belt"])
        #expect(
            desk.locate() == """
                ambiguous: 2 adapters fit; write as port usb:1a86:7523@1-1 (/dev/ttyUSB0, USB Serial, in socket 1-1), \
                or usb:1a86:7523@1-2 (/dev/ttyUSB1, USB Serial, in socket 1-2)
                """)
        var two = Desk(
            try PortClaimsTests.request("auto", profile),
            try PortClaimsTests.request("auto", profile, device: PortClaimsTests.belt, name: "belt"))
        two.machine.plug(.nameless, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        two.look()
        #expect(two.locate().hasPrefix("ambiguous: finger and belt both ask for any a.belt"))
        var none = Desk(try PortClaimsTests.request("auto", profile))
        none.look()
        #expect(none.locate().hasPrefix("missing: no adapter that profile a.belt names is plugged in"))
    }

    @Test("a silent device is asked again, soon and then less often; a foreign one behind a name seldom") func pauses()
        throws
    {
        let profile = try SerialProbeTests.profile("a.oximeter")
        for (answers, pauses) in [
            ([:], [2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]),
            (["ttyUSB0": ""], [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]),
        ] as [([String: String], [Int64])] {
            var desk = Desk(try PortClaimsTests.request("usb:10c4:ea60", profile))
            desk.machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
            desk.look()
            for pause in pauses {
                #expect(desk.probe(answers) == ["ttyUSB0"])
                #expect(desk.claims.nextDue() == desk.now + pause)
                desk.now += pause - 1
                #expect(desk.probe(answers).isEmpty)
                desk.now += 1
            }
            #expect(desk.probe(["ttyUSB0": "a.oximeter"]) == ["ttyUSB0"])
            #expect(desk.locate() == "/dev/ttyUSB0")
        }
    }

    @Test("under auto a printer is left alone, but a device that was not heard well enough is listened to again")
    func unheard() throws {
        let profile = try SerialProbeTests.profile("a.oximeter")
        var desk = Desk(try PortClaimsTests.request("auto", profile))
        desk.machine.plug(.oximeter, "ttyUSB0", socket: "1-1", terminal: "/dev/null")
        desk.look()
        #expect(desk.probe(["ttyUSB0": "few"]) == ["ttyUSB0"])
        #expect(desk.claims.nextDue() == 2000)
        desk.now = 2000
        #expect(desk.probe(["ttyUSB0": ""]) == ["ttyUSB0"])
        #expect(desk.claims.nextDue() == nil)
    }
}
