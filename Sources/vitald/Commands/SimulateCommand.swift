import FoundationEssentials
import Hub
import JSON5
import Profiles
import Simulator
import Vitals

/// `vitald simulate`
enum SimulateCommand: Subcommand {
    /// What the simulated person does; the ongoing ones of `Activity`.
    private enum Doing: String, CaseIterable {
        case everyday, sleep, sit, household, walk, run, tachycardia
        case notWorn = "not-worn"

        var scenario: Scenario {
            switch self {
            case .everyday: .everyday
            case .sleep: SimulateCommand.ongoing(.sleep)
            case .sit: SimulateCommand.ongoing(.sit)
            case .household: SimulateCommand.ongoing(.household)
            case .walk: SimulateCommand.ongoing(.walk)
            // A steady run, at three quarters of the heart-rate reserve.
            case .run: SimulateCommand.ongoing(.run(intensity: 0.75))
            // Well above what the shipped rules let pass at rest.
            case .tachycardia: SimulateCommand.ongoing(.tachycardia(rate: 135))
            case .notWorn: SimulateCommand.ongoing(.notWorn)
            }
        }
    }

    static let syntax = Syntax(
        "simulate", "Be a virtual device: on a pseudo-terminal until stopped, or on paper",
        positionals: [.init("PROFILE", "id of a profile, name of its file, or path to one")],
        options: [
            .init("pty", "LINK", "a serial device appears here: a symbolic link to the pseudo-terminal"),
            .init(
                "describe", nil, "print a Bluetooth device as JSON: services, notifications, answers, expected values"),
            .init("for", "SPAN", "how long the described device lives (60s)"),
            .init("start", "TIME", "when the described device begins (2026-06-03T12:00)"),
            .init("seed", "N", "another number makes another person (1)"),
            .init("activity", "WORD", "\(Doing.allCases.map(\.rawValue).joined(separator: ", ")) (everyday)"),
            .init("rate", "N", "how many times faster than the clock time passes (1)"),
            .init("zone", "ZONE", "zone of the device's clock (UTC)"),
            ShippedFiles.Kind.profiles.option,
        ] + TroubleArguments.options,
        notes: [
            "Speaks the profile's real byte protocol for a simulated person: the inverse of the profile's decoder. "
                + "Nothing waits for a reader: what nobody reads is lost, as with a real device.",
            "Spans in the options on trouble count from the beginning.",
        ],
        examples: [
            "vitald simulate contec.cms50.legacy --pty /tmp/finger --activity walk",
            "vitald simulate diy.lines --pty /tmp/board --contact-lost 20s-40s --garbage 0.1",
            "vitald simulate ble.hrs --describe --for 2m --battery-falling",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let profile = try DecodeCommand.profile(named: try arguments.positional(0), arguments)
        let link = arguments.text("pty")
        guard (link != nil) != arguments.has("describe") else {
            throw CommandError.usage(
                "give either --pty LINK, for a serial device, or --describe, for a Bluetooth device")
        }
        if let link {
            try play(profile, on: link, arguments, console)
        } else {
            try describe(profile, arguments, console)
        }
    }

    // MARK: serial

    private static func play(_ profile: Profile, on link: String, _ arguments: Arguments, _ console: Console) throws {
        for option in ["for", "start"] where arguments.text(option) != nil {
            throw CommandError.usage("--\(option) goes with --describe; a device on a line lives now, until stopped")
        }
        guard profile.transport == .serial else {
            throw CommandError.failed("\(profile.id) is a Bluetooth device", hint: "--describe prints it")
        }
        let rate = try arguments.integer("rate", in: 1...fastest) ?? 1
        let stop = StopSignal()
        let clock = HubClock(rate: Int64(rate))
        let start = clock.now()
        let device = VirtualDevice(
            name: profile.id, encoder: try encoder(profile, arguments, start: start), link: link,
            everyMilliseconds: max(1, interval / rate), now: { clock.now() })
        try device.start()
        console.note("\(profile.id) sends on \(link); Ctrl-C ends it")
        stop.wait()
        device.stop()
        console.note("\(device.counts.written) frames sent, \(device.counts.dropped) not read")
    }

    private static func encoder(_ profile: Profile, _ arguments: Arguments, start: Timestamp) throws
        -> any SensorEncoder
    {
        let sensor = try sensor(profile, arguments, start: start)
        guard let own = VirtualSensor(rawValue: profile.id), own.knowsMoreThanItsProfile else {
            return ProfileEncoder(sensor)
        }
        var person = try person(arguments, start: start)
        person.takenOff = sensor.trouble.contactLost
        return TroubledEncoder(own.encoder(for: person), trouble: sensor.trouble, start: start)
    }

    // MARK: Bluetooth

    private static func describe(_ profile: Profile, _ arguments: Arguments, _ console: Console) throws {
        if arguments.text("rate") != nil {
            throw CommandError.usage("--rate goes with --pty; a description has no clock")
        }
        let zone = try arguments.zone() ?? .utc
        let start = try arguments.time("start", in: zone) ?? DemoScenario.noon
        let length = try arguments.span("for") ?? .seconds(60)
        guard length <= longest else { throw CommandError.usage("--for: at most \(longest)") }
        let sensor = try sensor(profile, arguments, start: start)
        let description: DeviceDescription
        do {
            description = try DeviceDescription(sensor, for: length)
        } catch {
            throw CommandError.failed(error.description)
        }
        if profile.hasDriver {
            console.note("\(profile.id) needs code to connect; the description has no answers for it")
        }
        let writer = JSONEncoder()
        writer.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        console.out.line(String(decoding: try writer.encode(description), as: UTF8.self))
    }

    // MARK: both

    private static func person(_ arguments: Arguments, start: Timestamp) throws -> SyntheticPerson {
        let seed = try arguments.integer("seed", in: 0...Int.max) ?? 1
        let doing = try arguments.choice("activity", Doing.self) ?? .everyday
        let zone = try arguments.zone() ?? .utc
        return SyntheticPerson(
            seed: UInt64(seed), scenario: doing.scenario, start: start, offset: zone.offset(at: start))
    }

    private static func sensor(_ profile: Profile, _ arguments: Arguments, start: Timestamp) throws -> ProfileSensor {
        let zone = try arguments.zone() ?? .utc
        let trouble = try TroubleArguments.read(arguments, start: start, zone: zone)
        let person = try person(arguments, start: start)
        do {
            return try ProfileSensor(profile, wearer: person, trouble: trouble, zone: zone)
        } catch {
            throw CommandError.failed(error.description)
        }
    }

    /// Beyond it a serial line has no room for what a device sends.
    private static let fastest = 1000
    /// Wall milliseconds between two looks at the clock: a third of the pace of the fastest device, 60 frames a second.
    private static let interval = 5
    /// A day of one message a second is 20 MB of JSON.
    private static let longest = TimeSpan.days(1)

    private static func ongoing(_ activity: Activity) -> Scenario {
        Scenario([.init(activity, for: .days(1))], repeats: true)
    }
}
