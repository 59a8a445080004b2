import Analysis
import Links
import Vitals

/// What comes in: frames, link states, the passing of time.
extension Daemon {
    func take(_ output: LinkOutput) {
        switch output {
        case .frame(let device, let input, let bytes, let at):
            received[device, default: Traffic()].take(bytes.count, at: at)
            // Before it is recorded, so that a replay sees the same times.
            let arrival = arrivals.next(of: device, at: at, notBefore: pipeline?.now ?? at)
            take(Input(at: arrival, .frame(device: device, input: input, bytes: bytes)))
            commitSoon()
        case .state(let device, let state, let reason, let at):
            states[device] = (state, reason, at)
            take(Input(at: at, .link(device: device, state: state, reason: reason)))
        case .remember(let device, let change):
            // The frames it is about stand before it on this queue: the next commit has both, or the one before had them.
            memories.apply(change, of: device)
        }
    }

    /// Records an input with the time it is taken at, and takes it.
    func take(_ input: Input) {
        guard let pipeline else { return }
        var input = input
        input.at = max(input.at, pipeline.now)
        record(input)
        pipeline.take(input)
        if !pipeline.pending.events.isEmpty { commit() }
    }

    func record(_ input: Input) {
        guard let recording else { return }
        do { try recording.append(input) } catch {
            observer.log("the recording ends here: \(error)")
            self.recording = nil
        }
    }

    /// Called by the timer: lets time pass, commits when due, tells the watchdog.
    func pulse() {
        guard !isStopping, let pipeline else { return }
        watchClock()
        let now = clock.now()
        pipeline.advance(to: now)
        // Events that the mere passing of time brought are in a recording, too.
        if !pipeline.pending.events.isEmpty { record(Input(at: now, .time)) }
        let commitsNow =
            !pipeline.pending.events.isEmpty
            || now - lastCommit >= configuration.commitInterval * clock.rate - Self.timerSlack * clock.rate
        if commitsNow { commit() }
        let ticks = HubClock.stopwatch()
        if let interval = systemd.watchdogInterval, Double(ticks - lastWatchdog) / 1000 >= interval {
            systemd.alive()
            lastWatchdog = ticks
        }
        if ticks - lastDiagnosticsLine >= Self.diagnosticsInterval {
            lastDiagnosticsLine = ticks
            logDiagnostics()
            watchLog()
            watchAges()
        }
    }

    /// A wall clock that was set forward is followed at once; one that was set back is not. Sleep is told apart.
    func watchClock() {
        guard clock.rate == 1 else { return }
        let slept = HubClock.suspended() - suspended
        if slept > .seconds(1) {
            suspended = HubClock.suspended()
            take(Input(at: clock.now(), .suspended(slept)))
        }
        let drift = clock.drift()
        if drift > .seconds(2) {
            clock.resynchronise()
            take(Input(at: clock.now(), .clock(step: drift)))
        }
    }

    /// A line a minute for each kind of frame that did not parse, with the newest one in hexadecimal.
    func logDiagnostics() {
        guard let pipeline else { return }
        for (device, kind, count) in pipeline.diagnostics where kind != IntakeCounts.repetition {
            let name = configured.devices.first { $0.id == device }?.name ?? "\(device)"
            let new = count - shownDiagnostics["\(name) \(kind)", default: 0]
            guard new > 0 else { continue }
            shownDiagnostics["\(name) \(kind)"] = count
            let frame = pipeline.offending(of: device).map { ", last: \($0)" } ?? ""
            observer.log("\(name): \(new) × \(kind) (\(count) since start\(frame))")
        }
    }
}
