import Hub
import Simulator
import Storage
import Vitals

/// What a demo leaves to look at: counts, the explanation of one alert, and the commands that go further.
struct Summary {
    let demo: Demo
    let scenario: DemoScenario

    func print() throws {
        let out = demo.console.out
        let store = try SQLiteStore.open(path: demo.storePath, mode: .read, keyFile: nil)
        defer { store.close() }
        let events = try store.events(EventFilter())
        let samples = try store.series(of: nil).reduce(0) { $0 + $1.count }
        out.line("")
        out.line("\(samples) samples and \(events.count) events in \(demo.storePath), \(store.sequence) commits.")
        out.line("")
        if let alert = events.first(where: { $0.kind == .alert && $0.phase == .opened }) {
            out.line("Why the first alert?")
            out.line("")
            let zone = try Zone(named: scenario.people.first { $0.id == alert.person }?.zone ?? "UTC")
            let names = EventJSON(people: try store.people(), devices: try store.devices())
            let chain = events.filter { $0.rule == alert.rule && $0.person == alert.person && $0.onset == alert.onset }
            out.line(Explanation(names: names, zone: zone).text(of: alert, chain: chain))
            out.line("")
        }
        out.line("Look further:")
        for line in [
            "vitald events --store \(demo.storePath)",
            "vitald explain last --store \(demo.storePath)",
            "vitald series --store \(demo.storePath)",
            "vitald query 'mean(heart_rate, 10m)' --store \(demo.storePath) --person ada --step 10m",
            "vitald replay \(demo.recordingPath)",
        ] { out.line("  \(line)") }
    }
}
