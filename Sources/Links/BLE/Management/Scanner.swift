/// Keeps discovery running on the adapters while somebody is looked for.
///
/// A discovery of the kernel ends by itself after 10.25 s and is started again. Where somebody else discovers already
/// (bluetoothd) the kernel answers Busy, and what that brings is heard here as well: then it is only listened.
struct Scanner: Sendable {
    /// How much is to be heard.
    enum Demand: Hashable, Sendable {
        case none
        /// Rounds of discovery with pauses of so many milliseconds, in which waiting connections have the radio.
        case spaced(Int64)
        /// Round after round.
        case constant
    }

    private enum Phase: Hashable {
        case idle
        case starting
        case running(since: Int64)
        case stopping
        case waiting(until: Int64)
    }

    private struct Radio {
        var phase = Phase.idle
        var failures = 0
        /// Whether somebody else discovers.
        var isBusy = false
    }

    private var radios: [UInt16: Radio] = [:]
    private(set) var demand = Demand.none

    /// Between two rounds: the kernel still clears up the first.
    static let shortestPause: Int64 = 100
    /// Somebody else's discovery: asked again after this, or when it ends.
    static let busyPause: Int64 = 5000
    static let firstFailurePause: Int64 = 1000
    static let longestFailurePause: Int64 = 30_000
    /// A round takes 10.25 s; one that has not ended by then hangs.
    static let longestRound: Int64 = 25_000
    /// Failures in a row after which the adapter itself is suspected.
    static let patience = 4

    /// Whether any adapter hears advertisers now.
    var isListening: Bool {
        radios.values.contains { radio in
            if case .running = radio.phase { true } else { radio.isBusy }
        }
    }

    /// What is wanted from now on, on these adapters.
    mutating func want(_ demand: Demand, on ready: [UInt16], at now: Int64, _ actions: inout ManagementActions) {
        self.demand = demand
        for index in radios.keys where !ready.contains(index) { radios[index] = nil }
        for index in ready {
            if radios[index] == nil { radios[index] = Radio() }
            settle(index, at: now, &actions)
        }
    }

    private mutating func settle(_ index: UInt16, at now: Int64, _ actions: inout ManagementActions) {
        guard let radio = radios[index] else { return }
        switch (radio.phase, demand) {
        case (.running, .none):
            radios[index]?.phase = .stopping
            actions.send(.stopDiscovery, to: index)
        case (.waiting, .none): radios[index] = Radio()
        case (.idle, .constant), (.idle, .spaced): start(index, &actions)
        case (.waiting(let until), .constant), (.waiting(let until), .spaced):
            // A pause between rounds is over as soon as more is wanted; one after a failure is kept.
            let isDue = until <= now || demand == .constant && radio.failures == 0 && !radio.isBusy
            if isDue { start(index, &actions) }
        default: break
        }
    }

    private mutating func start(_ index: UInt16, _ actions: inout ManagementActions) {
        radios[index]?.phase = .starting
        actions.send(.startDiscovery, to: index)
    }

    /// Takes the answer to a command of discovery.
    ///
    /// - Returns: whether the adapter is suspected to be stuck.
    mutating func answered(
        _ command: ManagementCommand, _ status: ManagementStatus, index: UInt16, at now: Int64,
        _ actions: inout ManagementActions
    ) -> Bool {
        guard radios[index] != nil else { return false }
        switch command {
        case .startDiscovery:
            radios[index]?.isBusy = status == .busy
            if status == .success {
                radios[index]?.failures = 0
                radios[index]?.phase = .running(since: now)
                settle(index, at: now, &actions)
            } else if status == .busy {
                radios[index]?.failures = 0
                radios[index]?.phase = .waiting(until: now + Self.busyPause)
            } else {
                return failed(index, status, at: now, &actions)
            }
        case .stopDiscovery:
            radios[index]?.phase = .idle
            settle(index, at: now, &actions)
        default: break
        }
        return false
    }

    private mutating func failed(
        _ index: UInt16, _ status: ManagementStatus, at now: Int64, _ actions: inout ManagementActions
    ) -> Bool {
        guard var radio = radios[index] else { return false }
        let pause = min(Self.firstFailurePause << Int64(min(radio.failures, 20)), Self.longestFailurePause)
        radio.failures += 1
        radio.phase = .waiting(until: now + pause)
        if radio.failures == 1 { actions.log("hci\(index): scanning failed (\(status))") }
        let isSuspect = radio.failures >= Self.patience && [.failed, .timeout].contains(status)
        if isSuspect { radio.failures = 0 }
        radios[index] = radio
        return isSuspect
    }

    /// A command of discovery was not answered at all.
    mutating func unanswered(_ command: ManagementCommand, index: UInt16, at now: Int64) {
        guard [.startDiscovery, .stopDiscovery].contains(command) else { return }
        radios[index]?.phase = .waiting(until: now + Self.firstFailurePause)
    }

    /// A discovery began or ended, ours or somebody else's.
    mutating func discovering(_ isOn: Bool, index: UInt16, at now: Int64) {
        guard !isOn, let radio = radios[index] else { return }
        switch radio.phase {
        case .running:
            let next = now + pause
            radios[index]?.phase = .waiting(until: next)
        case .waiting where radio.isBusy:
            radios[index]?.isBusy = false
            radios[index]?.phase = .waiting(until: now + Self.shortestPause)
        default: break
        }
    }

    private var pause: Int64 {
        switch demand {
        case .none, .constant: Self.shortestPause
        case .spaced(let pause): max(pause, Self.shortestPause)
        }
    }

    /// Lets time pass.
    mutating func advance(at now: Int64, _ actions: inout ManagementActions) {
        for index in radios.keys.sorted() {
            switch radios[index]?.phase {
            case .waiting(let until) where until <= now: settle(index, at: now, &actions)
            case .running(let since) where now - since >= Self.longestRound:
                // Stopping is answered with Rejected when there was nothing to stop: either way a new round begins.
                radios[index]?.phase = .stopping
                actions.send(.stopDiscovery, to: index)
            default: break
            }
        }
    }

    var nextDue: Int64? {
        radios.values.compactMap { radio in
            switch radio.phase {
            case .waiting(let until): until
            case .running(let since): since + Self.longestRound
            default: nil
            }
        }.min()
    }
}
