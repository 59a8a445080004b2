import Dispatch
import Glibc
import Hub
import Simulator
import Storage
import Vitals

/// An afternoon of two simulated people in half a minute: virtual sensors on pseudo-terminals, read through the real
/// serial link by a real hub, into a real store.
struct Demo {
    /// Where the store and the recording are left.
    let folder: String
    /// Hub seconds per second.
    let rate: Int64
    let profiles: String
    let rules: String
    let console: Console

    static let hub = HubID(derivedFrom: "demo")
    static let defaultFolder = "vitald-demo"
    static let defaultRate = Int(DemoScenario.speed)
    /// How often the status line is renewed.
    private static let statusInterval = 250

    var storePath: String { "\(folder)/hub.db" }
    var recordingPath: String { "\(folder)/hub.vrec" }

    func run() throws {
        try prepareFolder()
        let ports = try temporaryFolder()
        defer { rmdir(ports) }
        let scenario = DemoScenario(
            zone: (try? Zone(named: DemoScenario.zoneName)) ?? .utc, directory: ports,
            personID: { PersonID(derivedFrom: $0) }, deviceID: { DeviceID(derivedFrom: $0) })
        let configuration = Configuration(
            hubName: "demo", storePath: storePath, socketPath: "\(ports)/sock", profileFolders: [profiles],
            ruleFolders: [rules], commitInterval: .seconds(1), people: scenario.people, devices: scenario.devices,
            assignments: scenario.assignments)
        let clock = SharedClock(HubClock(start: scenario.start, rate: rate))
        let timeline = Timeline(scenario: scenario, console: console)
        let sensors = scenario.virtualDevices(now: { clock.now() })
        defer { for sensor in sensors { sensor.stop() } }
        for sensor in sensors { try sensor.start() }
        let daemon = Daemon(
            configuration: configuration, configured: try configuration.configured { console.note("put aside: \($0)") },
            recordingPath: recordingPath,
            hub: Self.hub, hasDerivedIDs: true, clock: clock,
            observer: Daemon.Observer(
                log: { [console] in console.note("  \($0)") }, event: { timeline.show($0) }, ready: {}))
        timeline.begin()
        let ticker = statusTicker(clock, timeline)
        DispatchQueue.global().asyncAfter(deadline: .now() + DemoScenario.length.inSeconds / Double(rate)) {
            daemon.requestStop()
        }
        try daemon.run()
        ticker.cancel()
        console.clearStatus()
        try Summary(demo: self, scenario: scenario).print()
    }

    /// A demo begins with an empty store; only what an earlier demo left is removed.
    private func prepareFolder() throws {
        if FileTree.exists(storePath) {
            let isDemo = (try? SQLiteStore.open(path: storePath, mode: .read, keyFile: nil))?.identity.hub == Self.hub
            guard isDemo else {
                throw CommandError.failed(
                    "\(storePath) is not a demo's store; it was left alone", hint: "name another folder with --folder")
            }
        }
        mkdir(folder, 0o755)
        guard access(folder, W_OK) == 0 else {
            throw CommandError.failed(
                "\(folder): \(String(cString: strerror(errno)))", hint: "name another with --folder")
        }
        for name in ["hub.db", "hub.db-wal", "hub.db-shm", "hub.db.lock", "hub.vrec"] { unlink("\(folder)/\(name)") }
    }

    private func temporaryFolder() throws -> String {
        let parent = Terminal.variable("TMPDIR") ?? "/tmp"
        guard let path = FileTree.newFolder(in: parent, "vitald-demo") else {
            throw CommandError.failed(
                "no folder for the virtual ports in \(parent): \(String(cString: strerror(errno)))")
        }
        return path
    }

    private func statusTicker(_ clock: SharedClock, _ timeline: Timeline) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource()
        let interval = DispatchTimeInterval.milliseconds(Self.statusInterval)
        timer.schedule(deadline: .now() + interval, repeating: interval)
        timer.setEventHandler { @Sendable in timeline.tick(clock.now()) }
        timer.resume()
        return timer
    }
}
