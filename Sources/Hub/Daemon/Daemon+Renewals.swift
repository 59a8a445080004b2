import Dispatch
import Links
import Vitals

/// Detectors that changed with this version are made anew from history while the hub works.
extension Daemon {
    /// After each slice the hub is left alone for four times as long: a fifth of one core at most.
    private static let rest: Int64 = 4
    private static let shortestRest: Int64 = 20
    /// How long to wait for a store that cannot be written.
    private static let storeRest: Int64 = 5000

    func startRenewals() {
        // One that is only read is opened anew when it can be written.
        guard let pipeline, let store, store.isWriter else { return }
        for person in pipeline.renewing {
            do {
                guard let run = try HistoryRenewal(of: person, in: pipeline, store: store) else { continue }
                observer.log(run.beginning)
                renewals.append(run)
            } catch { observer.log(Self.failure(person, error)) }
        }
        renewSoon(after: Self.shortestRest)
    }

    private func renewSoon(after milliseconds: Int64) {
        guard !renewals.isEmpty, !isStopping else { return }
        executor.queue.asyncAfter(deadline: .now() + .milliseconds(Int(clamping: milliseconds))) { [weak self] in
            self?.assumeIsolated { $0.renew() }
        }
    }

    private func renew() {
        guard let pipeline, !renewals.isEmpty, !isStopping else { return }
        guard backlog.isEmpty else { return renewSoon(after: Self.storeRest) }
        let began = HubClock.stopwatch()
        var run = renewals.removeFirst()
        do {
            switch try run.step(pipeline) {
            case .more: renewals.insert(run, at: 0)
            case .corrections(let samples):
                renewals.insert(run, at: 0)
                if !samples.isEmpty { backlog.append(Commit(of: samples, person: run.person.id, at: pipeline.now)) }
                commit()
            case .caughtUp:
                // What was decided until now is stored first: the detectors are to have seen all of it.
                commit()
                guard backlog.isEmpty else {
                    renewals.insert(run, at: 0)
                    break
                }
                guard try run.finish(pipeline) else {
                    observer.log(
                        "\(run.person.name): detectors could not be renewed; it is tried again with the next start")
                    break
                }
                commit()
                observer.log(run.outcome)
                continueRecording()
            }
        } catch { observer.log(Self.failure(run.person, error)) }
        renewSoon(after: max(Self.shortestRest, (HubClock.stopwatch() - began) * Self.rest))
    }

    /// States that came from history are no input of a recording: it ends, and another begins with them.
    private func continueRecording() {
        guard recording != nil, let recordingPath, let store, backlog.isEmpty else { return }
        do {
            try recording?.close()
            recording = nil
            let path = Self.fresh(recordingPath)
            recording = try RecordingWriter(path: path, header: header(store))
            observer.log("the recording goes on in \(path)")
        } catch { observer.log("the recording ends here: \(error)") }
    }

    private static func failure(_ person: Person, _ error: any Error) -> String {
        "\(person.name): detectors could not be renewed, it is tried again with the next start: \(error)"
    }
}
