import Hub
import Simulator
import Synchronization
import Vitals

/// The demo as it happens: what the simulated people do, and what the hub tells, a line each.
final class Timeline: Sendable {
    private let scenario: DemoScenario
    private let console: Console
    private let zone: Zone
    private let shown = Mutex(0)

    init(scenario: DemoScenario, console: Console) {
        self.scenario = scenario
        self.console = console
        zone = (try? Zone(named: scenario.people.first?.zone ?? "UTC")) ?? .utc
    }

    func begin() {
        let names = scenario.people.map(\.name).joined(separator: " and ")
        console.out.line("Two simulated people, \(names), on \(scenario.devices.count) virtual serial sensors.")
        console.out.line("What they do stands behind a dot; what vitald tells stands behind its kind.")
        console.out.line("")
        console.out.flush()
    }

    /// Shows an event.
    func show(_ event: Event) {
        let terminal = console.outTerminal
        let name = scenario.people.first { $0.id == event.person }?.name ?? ""
        let kind = terminal.paint(padded("\(event.kind.rawValue) \(event.phase.rawValue)", 18), style(of: event))
        line(event.decided, name, "\(kind) \(terminal.paint(event.title, .bold))")
        for part in wrapped(event.text) { line(nil, "", "\(String(repeating: " ", count: 18)) \(part)") }
    }

    /// Lets time pass: shows what the people began to do, and the status line.
    func tick(_ now: Timestamp) {
        let due = shown.withLock { shown in
            let all = DemoScenario.incidents
            let end = all.firstIndex { scenario.start + $0.at > now } ?? all.count
            defer { shown = max(shown, end) }
            return shown < end ? Array(all[shown..<end]) : []
        }
        for incident in due {
            line(scenario.start + incident.at, incident.person, "· \(incident.what)")
        }
        console.show(status: "\(clock(now))  reading \(scenario.devices.count) sensors …")
    }

    private func line(_ time: Timestamp?, _ person: String, _ text: String) {
        let stamp = time.map(clock) ?? "     "
        console.clearStatus()
        console.out.line("\(console.outTerminal.paint(stamp, .dim))  \(padded(person, 4))  \(text)")
        console.out.flush()
    }

    private func clock(_ time: Timestamp) -> String {
        let minutes = zone.timeOfDay(time).milliseconds / 60_000
        let pad = { (n: Int64) in n < 10 ? "0\(n)" : "\(n)" }
        return "\(pad(minutes / 60)):\(pad(minutes % 60))"
    }

    private func style(of event: Event) -> Terminal.Style? {
        switch (event.kind, event.phase) {
        case (_, .resolved): .green
        case (.alert, _): .urgent
        case (.source, _): .yellow
        default: .bold
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - TextWidth.of(text)))
    }

    /// Words in lines that fit the terminal beside the columns before them.
    private func wrapped(_ text: String) -> [String] {
        let width = max((console.outTerminal.width ?? 110) - 32, 40)
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + word.count + 1 <= width {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
