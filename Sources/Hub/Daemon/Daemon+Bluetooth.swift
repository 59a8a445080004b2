import JSON5
import Links
import Profiles
import Vitals

/// The household's Bluetooth LE devices.
extension Daemon {
    /// Starts the links to devices that have an address, when there are any.
    func startBluetooth(_ profiles: ProfileLibrary) {
        var members: [(device: Device, profile: Profile, peer: PeerName)] = []
        for device in configured.devices {
            guard let profile = device.profile.flatMap({ profiles.named($0) }), profile.transport == .ble,
                let address = device.port
            else { continue }
            do throws(LinkError) { members.append((device, profile, try PeerName(address))) } catch {
                observer.log("\(device.name): \(error.message); the device is left alone")
            }
        }
        guard !members.isEmpty else { return }
        let contexts = Dictionary(members.map { ($0.device.id, context(of: $0.device, $0.profile)) }) { first, _ in
            first
        }
        let clock = clock
        let inbox = inbox
        let states = (try? store?.states(of: nil)) ?? []
        let bluetooth = BLELinks(
            members, states: states, seed: .random(in: .min ... .max),
            BLELinks.Surroundings(
                context: { contexts[$0]?() ?? StepContext(now: clock.now(), zone: .utc) },
                stopwatch: { HubClock.stopwatch() }, now: { clock.now() },
                // Links are stopped, and silent, before the hub goes: the reference back does not outlive it.
                sink: { output in inbox.put { self.assumeIsolated { $0.take(output) } } },
                keep: { state in inbox.put { self.assumeIsolated { $0.keep(state) } } }, log: observer.log))
        self.bluetooth = bluetooth
        bluetooth.start()
    }

    /// Puts the state of a component of the hub into the store, with the next commit.
    private func keep(_ state: ComponentState) {
        guard pipeline != nil else { return }
        var commit = Commit(at: clock.now())
        commit.states = [state]
        backlog.append(commit)
        self.commit()
    }
}
