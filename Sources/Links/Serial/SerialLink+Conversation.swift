import Glibc
import Profiles
import Vitals

/// What is said to the device: the profile's conversation carries on over the port.
extension SerialLink {
    /// Tells the conversation what happened and does what it asks for.
    func tell(_ happened: (inout Conversation, Timestamp) -> [Conversation.Action]) {
        guard var current = conversation else { return }
        let mine = generation
        let at = now()
        if let deadline = current.deadline, at - deadline > SerialLink.jump { current.skip(to: at) }
        let actions = happened(&current, at)
        conversation = current
        for action in actions {
            perform(action, at)
            guard mine == generation else { return }
        }
        setAlarm(at)
    }

    func perform(_ action: Conversation.Action, _ at: Timestamp) {
        switch action {
        case .write(.port, let bytes, _): enqueue(bytes)
        // A profile for a serial port has no such steps: reading it says so.
        case .write, .read, .subscribe: log("\(place): a serial line has no characteristics; a step is left out")
        case .frame(let input, let bytes): deliver(.frame(device: device, input: input, bytes: bytes, at: at))
        case .ready: becameReady()
        case .remember(let change): remember(change)
        case .note(let text): log("\(place): \(text)")
        case .failed(let reason):
            if reason != lastFailure { log("\(place): \(reason)") }
            lastFailure = reason
            lose(reason)
        case .finished: break
        }
    }

    /// The timer going off counts as the deadline having come, however the hub's clock runs.
    func setAlarm(_ at: Timestamp) {
        let deadline = conversation?.deadline
        guard deadline != alarm.at else { return }
        alarm = (alarm.number + 1, deadline)
        guard let deadline else { return }
        let number = alarm.number
        after(deadline - at) { link in
            guard number == link.alarm.number else { return }
            link.alarm.at = nil
            link.tell { $0.advance(to: max($1, deadline)) }
        }
    }

    /// Says what the profile has a device told before it is left, and waits until the line has sent it.
    func farewell() {
        guard var current = conversation, descriptor >= 0 else { return }
        conversation = nil
        var budget = SerialLink.longestFarewell
        func pause(_ milliseconds: Int64) {
            budget -= max(milliseconds, 1)
            _ = poll(nil, 0, Int32(clamping: max(milliseconds, 1)))
        }
        var at = now()
        var actions = current.stop(at: at)
        while true {
            for case .write(.port, let bytes, _) in actions where outgoing.count < SerialLink.longestQueue {
                outgoing += bytes
            }
            if actions.contains(.finished) || budget <= 0 { break }
            guard let deadline = current.deadline else { break }
            pause(min((deadline - at).milliseconds, budget))
            at = max(at, deadline)
            actions = current.advance(to: at)
        }
        memory = current.driverMemory
        while !outgoing.isEmpty, budget > 0 {
            let size = write(descriptor, outgoing, outgoing.count)
            if size > 0 {
                outgoing.removeFirst(min(size, outgoing.count))
            } else if size == 0 || errno == EAGAIN || errno == EINTR {
                pause(SerialLink.pulse)
            } else {
                return
            }
        }
        while SerialPort.unsent(descriptor) > 0, budget > 0 { pause(SerialLink.pulse) }
    }
}
