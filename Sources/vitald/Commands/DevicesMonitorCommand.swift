import Hub
import JSON5
import Vitals

/// `vitald devices monitor`
enum DevicesMonitorCommand: Subcommand {
    static let syntax = Syntax(
        "devices monitor", "Follow the devices of the running daemon until Ctrl-C",
        options: [
            .init("every", "SPAN", "how often to look (1s)"), .init("for", "SPAN", "stop after that time"),
            DaemonSocket.option, RowFormat.option,
        ],
        notes: [
            "Frames per minute are those of the last minute, or since the start of watching. On a terminal the lines are "
                + "replaced; else one line for each device and look."
        ],
        examples: ["vitald devices monitor", "vitald devices monitor --every 10s | jq .state"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let interval = try arguments.span("every") ?? .seconds(1)
        let limit = try arguments.span("for")
        let stop = StopSignal()
        let start = HubClock.stopwatch()
        var rates: [String: FrameRate] = [:]
        var lines = 0
        repeat {
            let now = HubClock.stopwatch()
            let answer = Answer(try DaemonSocket.ask(.query(.devices), arguments))
            var watched: [WatchedDevice] = []
            for object in answer.objects {
                var device = WatchedDevice(object)
                if let frames = device.frames {
                    rates[device.name, default: FrameRate()].take(frames, at: now)
                    device.perMinute = rates[device.name]?.perMinute
                }
                watched.append(device)
            }
            if format == .table, console.outTerminal.isTerminal, lines > 0 {
                console.out.write("\u{1B}[\(lines)A\u{1B}[J")
            }
            write(watched, as: format, isFirst: lines == 0, on: console)
            console.out.flush()
            lines = watched.count + 1
            if let limit, HubClock.stopwatch() - start >= limit.milliseconds { return }
        } while !stop.wait(for: interval)
    }

    static func write(_ devices: [WatchedDevice], as format: RowFormat, isFirst: Bool, on console: Console) {
        let columns = [
            RowWriter.Column("name"), .init("state"), .init("signal"), .init("rssi", isNumber: true),
            .init("per_minute", isNumber: true), .init("battery", isNumber: true), .init("reason"),
        ]
        var rows = RowWriter(columns, as: format, on: console)
        for device in devices {
            rows.row([
                .text(device.name), .text(device.state, device.state == "connected" ? .green : .yellow),
                device.strength == nil ? .missing : .text(SignalBars.text(device.strength)),
                device.strength.map { .integer($0) } ?? .missing, device.perMinute.map { .integer($0) } ?? .missing,
                device.battery.map { .number($0) } ?? .missing, device.reason.map { .text($0) } ?? .missing,
            ])
        }
        rows.end()
    }
}

/// A line of the monitor.
struct WatchedDevice {
    var name: String
    var state: String
    var reason: String?
    var strength: Int?
    var battery: Double?
    /// Since the daemon's start.
    var frames: Int?
    var perMinute: Int?

    /// What the daemon said of a device; what it left out stays unknown.
    init(_ object: JSONObject) {
        func text(_ key: String) -> String? { if case .string(let text)? = object[key]?.value { text } else { nil } }
        func number(_ key: String) -> Double? { if case .number(let n)? = object[key]?.value { n } else { nil } }
        name = text("name") ?? ""
        state = text("state") ?? ""
        reason = text("reason")
        strength = number("rssi").flatMap { Int(exactly: $0) }
        battery = number("battery")
        frames = number("frames").flatMap { Int(exactly: $0) }
    }
}

/// Frames per minute from a count that only grows.
struct FrameRate {
    private var looks: [(at: Int64, count: Int)] = []
    private static let window: Int64 = 60_000

    init() {}

    /// - Parameter now: monotonic milliseconds.
    mutating func take(_ count: Int, at now: Int64) {
        // The daemon was started anew.
        if let last = looks.last, count < last.count { looks = [] }
        looks.append((now, count))
        // One look from before the window stays: rates need two.
        while looks.count > 2, now - looks[1].at >= Self.window { looks.removeFirst() }
    }

    /// `nil` until there were two looks.
    var perMinute: Int? {
        guard let first = looks.first, let last = looks.last, last.at > first.at else { return nil }
        return Int((Double(last.count - first.count) * Double(Self.window) / Double(last.at - first.at)).rounded())
    }
}
