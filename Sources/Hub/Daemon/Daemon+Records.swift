import Vitals

/// What people write down: notes, facts, small documents.
extension Daemon {
    /// Commits a record together with the order to do so.
    func put(_ record: Record, _ command: Command) -> String? {
        guard let store else { return "the hub is stopping" }
        // Documents are large: no more than one waits in memory.
        guard !isStoreFailing else { return "the store cannot be written at the moment: try again when it can" }
        if (try? store.hasApplied(command.id)) == true { return nil }
        guard (try? store.people().contains { $0.id == record.person }) == true else {
            return "the store knows no person \(record.person)"
        }
        var commit = Commit(at: clock.now())
        commit.records = [record]
        commit.commands = [AppliedCommand(command: command, at: commit.at)]
        backlog.append(commit)
        self.commit()
        return isStoreFailing ? "the store cannot be written at the moment: it waits in memory until it can" : nil
    }
}
