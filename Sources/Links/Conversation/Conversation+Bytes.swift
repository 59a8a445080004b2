import Profiles
import Vitals

extension Conversation {
    /// Bytes of the device: to the driver or out as a frame, and compared with what is asked for.
    mutating func take(_ bytes: [UInt8], on channel: Channel, _ actions: inout [Action]) {
        if driver?.listens(to: channel) == true {
            driver?.received(bytes, on: channel, at: time, &actions)
            return followDriver(&actions)
        }
        if let input = script.inputs[channel] { actions.append(.frame(input: input, bytes)) }
        guard question != nil else { return }
        if channel == .port {
            hearStream(bytes, &actions)
        } else if script.shapes[channel]?.holds(in: bytes) ?? true {
            hear(bytes[...], &actions)
        }
    }

    /// A serial line has no frames before they are decoded: an answer may begin at any byte.
    private mutating func hearStream(_ bytes: [UInt8], _ actions: inout [Action]) {
        tail += bytes
        while let question, !question.isOver {
            let reach = question.progress.reply.reach
            guard tail.count >= reach else { return }
            if hear(tail[..<reach], &actions) { tail.removeFirst(reach) } else { tail.removeFirst() }
        }
    }

    /// - Returns: whether the frame belongs to the answer.
    @discardableResult
    private mutating func hear(_ frame: ArraySlice<UInt8>, _ actions: inout [Action]) -> Bool {
        guard var asked = question, !asked.isOver else { return false }
        let reply = asked.progress.reply
        let outcome = asked.progress.hear(frame)
        guard outcome != .foreign else { return false }
        asked.until = time + reply.within
        question = asked
        switch outcome {
        case .foreign, .part: break
        case .complete:
            question?.isOver = true
            if pause == .reply { answerIsOver() }
        case .broken: askAgain(asked, "frames of the answer are missing", &actions)
        case .refused:
            giveUp(
                asked.errand, reply.isOptional,
                "'\(asked.errand.step.summary)' was refused: \(hexadecimal(frame))", &actions)
        }
        return true
    }

    mutating func answerIsOver() {
        question = nil
        pause = .none
    }

    /// The answer did not come, or not whole.
    mutating func askAgain(_ asked: Question, _ reason: String, _ actions: inout [Action]) {
        // The write itself is not answered yet: its own time will run out.
        if case .request = pause { return }
        guard asked.asked < asked.progress.reply.tries else {
            let times = asked.asked == 1 ? "" : ", asked \(asked.asked) times"
            return giveUp(
                asked.errand, asked.progress.reply.isOptional,
                "'\(asked.errand.step.summary)': \(reason)\(times)", &actions)
        }
        ask(asked.errand, attempt: asked.asked + 1, &actions)
    }
}
