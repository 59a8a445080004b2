import Hub
import JSON5
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
        "simulate", "Be a virtual device on a pseudo-terminal, until stopped",
        positionals: [.init("PROFILE", VirtualSensor.allCases.map(\.profile).joined(separator: ", "))],
        options: [
            Syntax.Option("pty", "LINK", "where the device appears: a symbolic link to the pseudo-terminal").required(),
            .init("seed", "N", "another number makes another person (1)"),
            .init("activity", "WORD", "\(Doing.allCases.map(\.rawValue).joined(separator: ", ")) (everyday)"),
            .init("rate", "N", "how many times faster than the clock time passes (1)"),
        ],
        notes: [
            "Speaks the profile's real byte protocol for a simulated person. Nothing waits for a reader: what nobody reads is lost, as with a real device."
        ],
        examples: ["vitald simulate contec.cms50.legacy --pty /tmp/finger --activity walk"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let name = try arguments.positional(0)
        let known = VirtualSensor.allCases.map(\.profile)
        guard let sensor = VirtualSensor(rawValue: name) else {
            throw CommandError.failed(
                "no virtual device for the profile '\(name)'",
                hint: didYouMean(name, in: known) ?? "there are \(listed(known))")
        }
        let link = try arguments.required("pty")
        let seed = try arguments.integer("seed", in: 0...Int.max) ?? 1
        let rate = try arguments.integer("rate", in: 1...fastest) ?? 1
        let doing = try arguments.choice("activity", Doing.self) ?? .everyday
        let stop = StopSignal()
        let clock = HubClock(rate: Int64(rate))
        let person = SyntheticPerson(seed: UInt64(seed), scenario: doing.scenario, start: clock.now())
        let device = VirtualDevice(
            name: name, encoder: sensor.encoder(for: person), link: link, everyMilliseconds: max(1, interval / rate),
            now: { clock.now() })
        try device.start()
        console.note("\(name) sends on \(link); Ctrl-C ends it")
        stop.wait()
        device.stop()
        console.note("\(device.counts.written) frames sent, \(device.counts.dropped) not read")
    }

    /// Beyond it a serial line has no room for what a device sends.
    private static let fastest = 1000
    /// Wall milliseconds between two looks at the clock: a third of the pace of the fastest device, 60 frames a second.
    private static let interval = 5

    private static func ongoing(_ activity: Activity) -> Scenario {
        Scenario([.init(activity, for: .days(1))], repeats: true)
    }
}
