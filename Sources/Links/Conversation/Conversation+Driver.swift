import Profiles
import Vitals

extension Conversation {
    mutating func start(
        _ name: DriverName, _ arguments: [String: String], _ errand: Errand, _ actions: inout [Action]
    ) {
        if driver != nil {
            return giveUp(errand, false, "a second driver, \(name.rawValue), cannot work beside the first", &actions)
        }
        context.now = time
        do throws(DriverRefusal) {
            driver = try name.driver(arguments, input: script.inputs[.port] ?? "", context: context, memory: memory)
        } catch { return giveUp(errand, false, error.reason, &actions) }
        pause = .driver(errand)
        driver?.start(at: time, &actions)
        followDriver(&actions)
    }

    /// Goes on when the driver has come far enough.
    mutating func followDriver(_ actions: inout [Action]) {
        guard let driver else { return }
        switch driver.state {
        case .working: break
        case .attached: if case .driver = pause { pause = .none }
        case .done:
            memory = driver.memory ?? memory
            self.driver = nil
            if case .driver = pause { pause = .none }
        case .failed(let reason):
            memory = driver.memory ?? memory
            self.driver = nil
            guard case .driver(let errand) = pause else { return end(.failed(reason), &actions) }
            pause = .none
            giveUp(errand, false, reason, &actions)
        }
    }
}
