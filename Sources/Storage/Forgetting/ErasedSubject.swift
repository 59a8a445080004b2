import Vitals

extension SQLiteStore {
    /// Whose traces are to go, beside the rows that name them.
    struct Subject {
        let person: PersonID
        let name: String?
        let series: Set<Int64>
        let events: Set<EventID>
        let records: Set<RecordID>
        /// Sources that were assigned to nobody else and measured nobody else: a file bears its person's name, a strap has an address.
        let devices: Set<DeviceID>

        init(_ person: PersonID, in store: SQLiteStore) throws(StoreError) {
            self.person = person
            name = try store.people().first { $0.id == person }?.name
            func ids<T>(_ sql: String) throws(StoreError) -> Set<Identifier<T>> {
                let statement = try store.connection.prepare(sql)
                statement.bind(1, person)
                var ids: Set<Identifier<T>> = []
                try statement.forEachRow { () throws(StoreError) in ids.insert(try statement.id(0)) }
                return ids
            }
            let rows = try store.connection.prepare("SELECT id FROM series WHERE person = ?")
            rows.bind(1, person)
            var series: Set<Int64> = []
            try rows.forEachRow { series.insert(rows.int64(0)) }
            self.series = series
            events = try ids("SELECT id FROM event WHERE person = ?1")
            records = try ids("SELECT id FROM record WHERE person = ?1")
            devices = try ids(
                """
                SELECT device FROM assignment WHERE person = ?1
                EXCEPT SELECT device FROM assignment WHERE person <> ?1
                EXCEPT SELECT source FROM series WHERE person <> ?1
                """)
        }

        /// Whether a command is about the person's events or records.
        func concerns(_ command: Command) -> Bool {
            switch command.action {
            case .acknowledge(let event, _), .acceptPlan(let event), .declinePlan(let event): events.contains(event)
            case .put(let record, _, _): records.contains(record)
            default: false
            }
        }

        /// A command as it may stay: what the person ordered for others, without who it was.
        func without(_ command: Command) -> Command {
            guard let name, command.actor == name else { return command }
            var command = command
            command.actor = ""
            return command
        }

        func without(_ record: Record) -> Record {
            guard let name, record.author == name else { return record }
            var record = record
            record.author = ""
            return record
        }

        /// The hub's own states: a device's goes with it; where one names the person, zeros stand in place of the id.
        func without(_ state: ComponentState) -> ComponentState? {
            if devices.contains(where: { state.component.contains("\($0)") }) { return nil }
            var state = state
            let id = person.bytes
            guard state.bytes.count >= id.count else { return state }
            for start in 0...state.bytes.count - id.count
            where state.bytes[start] == id[0] && state.bytes[start..<start + id.count].elementsEqual(id) {
                for i in start..<start + id.count { state.bytes[i] = 0 }
            }
            return state
        }
    }
}

extension Commit {
    /// The commit without everything of a person.
    func without(_ subject: SQLiteStore.Subject) -> Commit {
        var commit = self
        let person = subject.person
        commit.samples.removeAll { $0.person == person }
        commit.events.removeAll { $0.person == person }
        commit.outbox.removeAll { $0.person == person }
        commit.states = commit.states.compactMap {
            $0.person == nil ? subject.without($0) : $0.person == person ? nil : $0
        }
        commit.people.removeAll { $0.id == person }
        commit.assignments.removeAll { $0.person == person }
        commit.records = commit.records.compactMap { $0.person == person ? nil : subject.without($0) }
        commit.devices.removeAll { subject.devices.contains($0.id) }
        commit.commands.removeAll { subject.concerns($0.command) }
        for i in commit.commands.indices { commit.commands[i].command = subject.without(commit.commands[i].command) }
        return commit
    }
}
