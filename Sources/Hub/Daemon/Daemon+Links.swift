import Dispatch
import Links
import Profiles
import Vitals

/// The links to devices: started with the hub, and anew when the devices or their profiles changed.
extension Daemon {
    func startLinks() {
        guard let profiles = pipeline?.profiles else { return }
        let ports = SerialPorts(stopwatch: { HubClock.stopwatch() }, log: observer.log)
        self.ports = ports
        for device in configured.devices {
            guard let name = device.profile, let profile = profiles.named(name), let port = device.port else {
                let known =
                    device.profile.flatMap { profiles.nearest(to: $0) }.map { "; did you mean \"\($0)\"?" } ?? ""
                observer.log("\(device.name): no profile \"\(device.profile ?? "")\"\(known); the device is left alone")
                continue
            }
            if profile.transport == .ble { continue }
            guard let settings = SerialSettings(profile) else {
                observer.log("\(device.name): profile \(profile.id) is not for a serial port; the device is left alone")
                continue
            }
            let clock = clock
            let inbox = inbox
            let context = context(of: device, profile)
            let link = SerialLink(
                device: device.id, path: port, settings: settings,
                context: context, memory: memories.driver(of: device.id),
                locate: ports.locator(for: device, at: port, profile), now: { clock.now() },
                // Links are stopped, and silent, before the hub goes: the reference back does not outlive it.
                sink: { output in inbox.put { self.assumeIsolated { $0.take(output) } } }, log: observer.log)
            links[device.id] = link
        }
        // Once all are known: whoever names a port comes before whoever takes any.
        for device in configured.devices { links[device.id]?.start() }
        ports.start { [links] device in links[device]?.reconsider() }
        startBluetooth(profiles)
    }

    /// What the steps of a device depend on, each time it is connected.
    func context(of device: Device, _ profile: Profile) -> @Sendable () -> StepContext {
        let (clock, memories, secrets) = (clock, memories, configuration.secrets)
        let zone = zone(of: device.id)
        let history = configuration.history(of: device.name)
        return {
            let now = clock.now()
            var context = StepContext(now: now, zone: zone, settings: profile.settings, secrets: secrets)
            if history > .zero {
                context.options = ["history"]
                context.historySince = memories.since(now, within: history, of: device.id)
            }
            return context
        }
    }

    /// Where a device is worn: its clock is set to that time.
    private func zone(of device: DeviceID) -> Zone {
        let wearer = configured.assignments.last { $0.device == device }?.person
        let name = configured.people.first { $0.id == wearer }?.zone
        return name.flatMap { try? Zone(named: $0) } ?? .utc
    }

    /// Lets the links of an earlier configuration end, then starts those of the present one.
    ///
    /// A link ends when its descriptor is closed, and may be waiting for room in the inbox until then: so it is waited
    /// for beside the hub's queue.
    func restartLinks() {
        guard !isRestartingLinks else { return }
        isRestartingLinks = true
        let (ports, links, bluetooth) = (ports, links, bluetooth)
        self.ports = nil
        self.bluetooth = nil
        self.links = [:]
        let known = Set(configured.devices.map(\.id))
        states = states.filter { known.contains($0.key) }
        DispatchQueue.global().async {
            ports?.stop()
            for link in links.values { link.stop() }
            bluetooth?.stop()
            self.executor.queue.async { self.assumeIsolated { $0.linksEnded() } }
        }
    }

    private func linksEnded() {
        isRestartingLinks = false
        if !isStopping { startLinks() }
    }
}
