import Profiles
import Vitals

extension Conversation {
    /// Does everything that falls due up to `at`, in the order and as of the moments it falls due.
    mutating func pass(to at: Timestamp, _ actions: inout [Action]) {
        while let deadline, deadline <= at {
            time = max(time, deadline)
            expire(&actions)
            proceed(&actions)
        }
        if phase != .before { time = max(time, at) }
    }

    /// Takes steps as long as none has to wait.
    mutating func proceed(_ actions: inout [Action]) {
        while pause == .none, phase != .before, phase != .over {
            endFetch(&actions)
            guard !queue.isEmpty else {
                if phase == .connecting { becomeReady(&actions) }
                if phase == .leaving { end(.finished, &actions) }
                if queue.isEmpty { return }
                continue
            }
            if phase == .connecting, queue.allSatisfy({ $0.purpose == .history || isForHistory($0.step) }) {
                becomeReady(&actions)
            }
            take(queue.removeFirst(), &actions)
        }
    }

    /// Tells that everything stored has come, once its last step is over.
    private mutating func endFetch(_ actions: inout [Action]) {
        guard let fetch, !queue.contains(where: { $0.purpose == .history || isForHistory($0.step) }) else { return }
        self.fetch = nil
        if fetch.isWhole, phase == .open { actions.append(.remember(.wholeUntil(fetch.began))) }
    }

    private func isForHistory(_ step: Step) -> Bool {
        if case .ifOption("history", _) = step { true } else { false }
    }

    private mutating func becomeReady(_ actions: inout [Action]) {
        phase = .open
        isReady = true
        actions.append(.ready)
        schedules += script.keepAlive.map { Schedule(recurring: $0, due: time + $0.every, isUrgent: true) }
        schedules += script.poll.map { Schedule(recurring: $0, due: time + $0.every) }
        followWatchers()
    }

    /// Starts or ends what is only done while somebody watches.
    mutating func followWatchers() {
        guard phase == .open, isWatched != isLive else { return }
        isLive = isWatched
        queue += (isLive ? script.live.start : script.live.stop).map { Errand(step: $0, purpose: .upkeep) }
        if isLive {
            schedules += script.live.every.map { Schedule(recurring: $0, due: time + $0.every, isLive: true) }
        } else {
            schedules.removeAll { $0.isLive }
        }
    }

    // MARK: One step

    private mutating func take(_ errand: Errand, _ actions: inout [Action]) {
        switch errand.step {
        case .wait(let span): pause = .wait(until: time + span)
        case .ifOption(let option, let step):
            guard context.options.contains(option) else { return }
            let purpose = option == "history" && errand.purpose == .connect ? .history : errand.purpose
            if purpose == .history, fetch == nil { fetch = (time, true) }
            queue.insert(Errand(step: step, daysAgo: errand.daysAgo, purpose: purpose, origin: errand.origin), at: 0)
        case .forEachDay(let count, let step):
            let days = (0..<context.days(count)).map {
                Errand(step: step, daysAgo: $0, purpose: errand.purpose, origin: errand.origin)
            }
            queue.insert(contentsOf: days, at: 0)
        case .ask: ask(errand, attempt: 1, &actions)
        case .driver(let name, let arguments): start(name, arguments, errand, &actions)
        case .read(let uuid, let isOptional):
            actions.append(.read(.characteristic(uuid)))
            awaitAnswer(errand, isOptional)
        case .subscribe(let uuid, let isOptional):
            actions.append(.subscribe(.characteristic(uuid), indications: false))
            awaitAnswer(errand, isOptional)
        case .indicate(let uuid, let isOptional):
            actions.append(.subscribe(.characteristic(uuid), indications: true))
            awaitAnswer(errand, isOptional)
        case .send, .write, .command:
            // Nobody knows when what this asks for has come.
            if errand.purpose == .history { fetch?.isWhole = false }
            send(errand.step, errand, isOptional: false, &actions)
        }
    }

    /// Asks what a reply is awaited for.
    mutating func ask(_ errand: Errand, attempt: Int, _ actions: inout [Action]) {
        guard case .ask(let step, let reply) = errand.step else { return }
        question = Question(
            errand: errand, progress: Reply.Progress(reply), asked: attempt, until: time + reply.within)
        tail = []
        pause = .reply
        if !send(step, errand, isOptional: reply.isOptional, &actions) { answerIsOver() }
    }

    /// - Returns: whether anything was sent: a step whose value is not known is not taken.
    @discardableResult
    private mutating func send(_ step: Step, _ errand: Errand, isOptional: Bool, _ actions: inout [Action])
        -> Bool
    {
        context.now = time
        context.daysAgo = errand.daysAgo
        guard let bytes = context.bytes(of: step) else { return false }
        switch step {
        case .write(let uuid, _, let response, let mayMiss):
            actions.append(.write(.characteristic(uuid), bytes, response: response))
            if response { awaitAnswer(errand, isOptional || mayMiss) }
        case .command(_, let uuid?, let response):
            actions.append(.write(.characteristic(uuid), bytes, response: response))
            if response { awaitAnswer(errand, isOptional) }
        default: actions.append(.write(.port, bytes, response: false))
        }
        return true
    }

    private mutating func awaitAnswer(_ errand: Errand, _ isOptional: Bool) {
        pause = .request(errand, isOptional: isOptional, until: time + Self.longestRequest)
    }

    /// A request is over.
    mutating func settle(_ errand: Errand, _ isOptional: Bool, _ answer: Answer, _ actions: inout [Action]) {
        pause = question == nil ? .none : .reply
        switch answer {
        case .done: if let question { self.question?.until = time + question.progress.reply.within }
        case .value(let bytes):
            if case .read(let uuid, _) = errand.step { take(bytes, on: .characteristic(uuid), &actions) }
        case .missing:
            let reason = "the device has no characteristic for '\(errand.step.summary)'"
            // What may be missing is missing on most devices: not worth a word.
            if errand.purpose == .history { fetch?.isWhole = false }
            if isOptional { answerIsOver() } else { giveUp(errand, false, reason, &actions) }
        case .refused(let reason):
            giveUp(errand, isOptional, "'\(errand.step.summary)' was refused: \(reason)", &actions)
        }
        if let question, question.isOver, pause == .reply { answerIsOver() }
    }

    /// A step came to nothing.
    mutating func giveUp(_ errand: Errand, _ isOptional: Bool, _ reason: String, _ actions: inout [Action]) {
        question = nil
        if errand.purpose == .history { fetch?.isWhole = false }
        // A request that is still out there must end before the next.
        if pause == .reply { pause = .none }
        if errand.purpose == .connect, !isOptional, phase == .connecting {
            end(.failed(reason), &actions)
        } else {
            actions.append(.note(reason))
        }
    }

    mutating func end(_ action: Action, _ actions: inout [Action]) {
        memory = driverMemory
        phase = .over
        pause = .none
        queue = []
        schedules = []
        question = nil
        driver = nil
        leaveBy = .distantFuture
        actions.append(action)
    }

    // MARK: What falls due

    private mutating func expire(_ actions: inout [Action]) {
        if phase == .leaving, leaveBy <= time { return end(.finished, &actions) }
        switch pause {
        case .wait(let until) where until <= time: pause = .none
        case .request(let errand, let isOptional, let until) where until <= time:
            pause = .none
            giveUp(errand, isOptional, "'\(errand.step.summary)' was not answered in \(Self.longestRequest)", &actions)
        case .reply: if let question, question.until <= time { askAgain(question, "no answer", &actions) }
        default: break
        }
        if let due = driver?.deadline, due <= time {
            driver?.advance(to: time, &actions)
            followDriver(&actions)
        }
        for index in schedules.indices where schedules[index].due <= time {
            schedules[index].due = schedules[index].due + schedules[index].recurring.every
            enqueue(schedules[index])
        }
    }

    /// Has recurring steps taken, unless those of last time still wait.
    private mutating func enqueue(_ schedule: Schedule) {
        guard !queue.contains(where: { $0.origin == schedule.recurring }) else { return }
        let errands = schedule.recurring.steps.map { Errand(step: $0, purpose: .upkeep, origin: schedule.recurring) }
        queue.insert(contentsOf: errands, at: schedule.isUrgent ? 0 : queue.count)
    }
}

extension Step {
    /// The step in a few words, for messages.
    var summary: String {
        switch self {
        case .send(let bytes): "send \(hexadecimal(bytes))"
        case .wait(let span): "wait \(span)"
        case .read(let uuid, _): "read \(uuid)"
        case .subscribe(let uuid, _): "subscribe \(uuid)"
        case .indicate(let uuid, _): "indicate \(uuid)"
        case .write(let uuid, _, _, _): "write \(uuid)"
        case .command(let packet, _, _): "cmd \(packet.source)"
        case .driver(let name, _): "driver \(name.rawValue)"
        case .ifOption(_, let step), .forEachDay(_, let step), .ask(let step, _): step.summary
        }
    }
}

/// Bytes as two digits each, at most sixteen of them.
func hexadecimal(_ bytes: some Collection<UInt8>) -> String {
    let digits = bytes.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    return bytes.count > 16 ? "\(digits) …" : digits
}
