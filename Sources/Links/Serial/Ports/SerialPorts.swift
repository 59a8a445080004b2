import Dispatch
import Profiles
import Synchronization
import Vitals

/// Finds the ports of a hub's serial devices, and keeps finding them as things are plugged in and out.
///
/// A link asks `locate` before each opening; `changed` tells it when asking again is worth while. Probes run on a queue
/// of their own, one at a time; what they found is in `PortClaims`, which decides.
public final class SerialPorts: Sendable {
    private struct State {
        var claims: PortClaims
        var hotPlug: HotPlug?
        var changed: (@Sendable (DeviceID) -> Void)?
        var isStopped = false
        var hints: Set<String> = []
        /// Of the timer that counts; older ones are out of date.
        var timer = 0
    }

    private let root: String
    private let stopwatch: @Sendable () -> Int64
    private let log: @Sendable (String) -> Void
    private let state: Mutex<State>
    private let probing = DispatchQueue(label: "vitald.probe")
    private let watching = DispatchQueue(label: "vitald.hotplug")
    private let released = DispatchGroup()

    /// - Parameters:
    ///   - root: where `/sys` and `/dev` are; empty for this machine.
    ///   - stopwatch: monotonic milliseconds.
    public init(
        root: String = "", stopwatch: @escaping @Sendable () -> Int64,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.root = root
        self.stopwatch = stopwatch
        self.log = log
        state = Mutex(State(claims: PortClaims([])))
    }

    /// Takes note of a device's port, before `start`.
    ///
    /// - Parameter port: as the configuration names it, see `PortName`.
    /// - Returns: what its link needs to find the port; `nil` for a path, which leads there by itself.
    public func locator(
        for device: Device, at port: String, _ profile: Profile
    ) -> (@Sendable () throws(LinkError) -> String)? {
        let name: PortName
        do throws(LinkError) { name = try PortName(port) } catch {
            return { () throws(LinkError) -> String in throw error }
        }
        let request = PortRequest(device: device.id, name: device.name, port: name, profile: profile)
        state.withLock { $0.claims.requests.append(request) }
        guard request.isSearched else { return nil }
        return { [weak self] () throws(LinkError) -> String in
            guard let self else { throw LinkError(.missing, path: port, "the hub is stopping") }
            return try self.locate(device.id)
        }
    }

    /// Begins to watch and to probe.
    ///
    /// - Parameter changed: called, on some queue, when a device's `locate` may answer differently.
    public func start(changed: @escaping @Sendable (DeviceID) -> Void) {
        let adapters = SerialAdapters.list(root: root)
        state.withLock { $0.claims.look(adapters) }
        giveHints()
        guard !searched.isEmpty else { return }
        let hotPlug = watching.sync {
            HotPlug(root: root, queue: watching, released: released) { [weak self] in self?.heard() }
        }
        if !hotPlug.hearsAnything { log("neither kernel events nor inotify: a replug is noticed by polling only") }
        state.withLock {
            $0.changed = changed
            $0.hotPlug = hotPlug
        }
        probing.async { [weak self] in self?.survey() }
    }

    /// Ends a running probe and returns when nothing is held any more.
    public func stop() {
        watching.sync {
            state.withLock { state in
                state.isStopped = true
                state.hotPlug?.cancel()
                state.hotPlug = nil
                state.changed = nil
            }
        }
        probing.sync {}
        released.wait()
    }

    /// The path of a device's port at this moment.
    ///
    /// - Throws: `LinkError`: not plugged in, ambiguous, being probed, or another device than the profile's.
    /// - Complexity: lists the adapters.
    public func locate(_ device: DeviceID) throws(LinkError) -> String {
        let adapters = SerialAdapters.list(root: root)
        let result = state.withLock { state -> Result<String, LinkError> in
            state.claims.look(adapters)
            do throws(LinkError) { return .success(try state.claims.locate(device)) } catch { return .failure(error) }
        }
        // An adapter may have come that no hot plug told of.
        if case .failure = result { probing.async { [weak self] in self?.survey() } }
        return try result.get()
    }

    /// The port that a device has or had last; `nil` when none was found, or it is gone. For display.
    public func found(_ device: DeviceID) -> String? { state.withLock { $0.claims.found(device) } }

    /// Devices whose ports are found by other means than a path.
    private var searched: [DeviceID] { state.withLock { $0.claims.requests.filter(\.isSearched).map(\.device) } }

    // MARK: Hot plug and probes

    private func heard() {
        let (isConcerned, changed) = state.withLock { state in
            (state.hotPlug?.drain() ?? false, state.changed)
        }
        guard isConcerned else { return }
        let now = stopwatch()
        let adapters = SerialAdapters.list(root: root)
        state.withLock { state in
            state.claims.look(adapters)
            state.claims.reconsiderRefusals(at: now)
        }
        giveHints()
        for device in searched { changed?(device) }
        probing.async { [weak self] in self?.survey() }
    }

    /// Probes all that is due, then sleeps until the next is.
    private func survey() {
        while true {
            let adapters = SerialAdapters.list(root: root)
            let now = stopwatch()
            let due = state.withLock { state in
                state.claims.look(adapters)
                return state.isStopped ? nil : state.claims.nextProbe(at: now)
            }
            guard let due else { break }
            let probe = SerialProbe(profiles: due.profiles, stopwatch: stopwatch) { [weak self] in
                self?.state.withLock { $0.isStopped } ?? true
            }
            let verdict = probe.run(path: due.adapter.path)
            let end = stopwatch()
            let (line, changed) = state.withLock { state in
                state.isStopped ? (nil, nil) : (state.claims.take(verdict, of: due.adapter, at: end), state.changed)
            }
            if let line { log(line) }
            for device in searched { changed?(device) }
        }
        let wait = state.withLock { state -> (pause: Int64, timer: Int)? in
            guard !state.isStopped, let due = state.claims.nextDue() else { return nil }
            state.timer += 1
            return (max(due - stopwatch(), 1), state.timer)
        }
        guard let wait else { return }
        probing.asyncAfter(deadline: .now() + .milliseconds(Int(clamping: wait.pause))) { [weak self] in
            guard let self, self.state.withLock({ $0.timer == wait.timer }) else { return }
            self.survey()
        }
    }

    private func giveHints() {
        let new = state.withLock { state in
            let new = state.claims.hints().filter { !state.hints.contains($0) }
            state.hints.formUnion(new)
            return new
        }
        for hint in new { log(hint) }
    }
}
