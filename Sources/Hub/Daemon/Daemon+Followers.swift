import Storage
import Vitals

/// Who follows the store.
extension Daemon {
    /// A follower says what it has. Who begins to follow is recorded, as whoever takes data out of the house is; that
    /// something was fetched is not: a commit for it would be the next thing to fetch.
    func follow(_ name: String, after sequence: UInt64, _ command: Command) -> String? {
        guard let store else { return "the hub is stopping" }
        do {
            let isKnown = try store.followers().contains { $0.name == name }
            try store.follow(name, after: sequence, at: clock.now())
            if !isKnown {
                observer.log("\(name) follows the store, by order of \(command.actor)")
                commit(recording: command)
            }
            return nil
        } catch {
            return error.message
        }
    }

    func unfollow(_ name: String, _ command: Command) -> String? {
        guard let store else { return "the hub is stopping" }
        do {
            guard try store.unfollow(name) else {
                // The same order again.
                return try store.hasApplied(command.id) ? nil : "nobody of the name \(name) follows the store"
            }
            observer.log("\(name) no longer follows the store, by order of \(command.actor)")
            commit(recording: command)
            return nil
        } catch {
            return error.message
        }
    }

    /// Commits that an order was given.
    func commit(recording command: Command) {
        var commit = Commit(at: clock.now())
        commit.commands = [AppliedCommand(command: command, at: commit.at)]
        backlog.append(commit)
        self.commit()
    }

    /// Says that commits went before a follower had them.
    func tellLosses(of store: SQLiteStore) {
        for follower in store.takeFeedLosses() {
            observer.log(
                "\(follower.name) follows the store too slowly: commits went that it did not have; it has to copy the store anew"
            )
            take(Input(at: clock.now(), .followerLost(name: follower.name, commits: follower.lost)))
        }
    }
}
