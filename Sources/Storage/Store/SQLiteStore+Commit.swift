import Vitals

extension SQLiteStore {
    /// Writes `commit` in one transaction with the next sequence number and returns that; an empty commit has one too.
    ///
    /// Durable when it returns. After an error nothing of it is in the store, and the store can be used again, at once when a
    /// disk that failed works. (Only where the process ends right then may the whole of it be found: its bytes may have
    /// reached the disk before that said that it failed.) Costs one
    /// `fsync` and O(rows); now and then another for a slice of the seal (``settle(at:)``), which the commit does not
    /// depend on.
    @discardableResult
    public func commit(_ commit: Commit) throws(StoreError) -> UInt64 {
        try requireWriter()
        let next = lastSequence &+ 1
        let followed = feed
        var isErased = false
        do throws(StoreError) {
            try connection.write { () throws(StoreError) in
                try advance(to: next, at: commit.at)
                if !commit.forgotten.isEmpty {
                    // What is known of series changes with the rows; it is read again at once.
                    isErased = try erase(commit.forgotten, next)
                    if isErased { try reload() }
                }
                for person in commit.people { try upsert(person, next) }
                for device in commit.devices { try upsert(device, next) }
                for assignment in commit.assignments { try upsert(assignment, next) }
                for batch in commit.samples { try intake.take(batch) }
                if let row = intake.row(next) { try insert(row, next, at: commit.at) }
                try intake.writeExtents(next)
                for event in commit.events { try insert(event, next) }
                for item in commit.outbox { try insert(item, next) }
                for state in commit.states { try replace(state, next) }
                for command in commit.commands { try insert(command, next) }
                for record in commit.records { try upsert(record, next) }
                try feed.append(commit, next)
            }
        } catch {
            intake.undo()
            feed = followed
            damage.forget()
            if isErased { try reload() }
            throw error
        }
        intake.keep()
        lastSequence = next
        tellDamage()
        settle(at: commit.at)
        return next
    }

    /// Reads series, journal and followers anew, as after opening.
    func reload() throws(StoreError) {
        intake = SampleIntake(chunks)
        seal = nil
        try loadJournal()
        try feed.load(after: lastSequence)
    }

    func requireWriter() throws(StoreError) {
        guard isWriter else {
            throw StoreError(.unwritable, path: connection.path, "it is open for reading only: open it for writing")
        }
    }

    /// Moves the head by one, from where this writer left it.
    private func advance(to next: UInt64, at: Timestamp) throws(StoreError) {
        let sum = SummedTable.head.sum(of: ["hub", "epoch", "?1", "?2"])
        let update = try connection.keep("UPDATE head SET sequence = ?1, at = ?2, sum = \(sum) WHERE sequence = ?3")
        update.bind(1, Int64(bitPattern: next))
        update.bind(2, at)
        update.bind(3, Int64(bitPattern: lastSequence))
        try update.run()
        guard connection.changes == 1 else {
            throw StoreError(
                .locked, path: connection.path,
                "another program changed the store beside this one: stop it and open the store again")
        }
    }

    /// Remembers a command by its id; the second time is ignored.
    private func insert(_ applied: AppliedCommand, _ sequence: UInt64) throws(StoreError) {
        let insert = try connection.keep("\(SummedTable.command.insertion) ON CONFLICT DO NOTHING")
        insert.bind(1, applied.command.id)
        insert.bind(2, Int64(bitPattern: sequence))
        insert.bind(3, applied.at)
        let vault = connection.vault
        insert.bind(4, vault.isSealing ? "" : applied.command.actor)
        insert.bind(
            5, try vault.seal(Content.bytes(of: applied.command), of: nil, at: .command(applied.command.id)))
        try insert.run()
    }

    public func hasApplied(_ command: CommandID) throws(StoreError) -> Bool {
        let statement = try connection.keep("SELECT 1 FROM command WHERE id = ?")
        statement.bind(1, command)
        defer { statement.reset() }
        return try statement.step()
    }

    // MARK: Component states

    /// A component of the hub itself rests under an empty id, since NULL is unequal to itself.
    private func bind(_ person: PersonID?, to statement: Statement) {
        if let person { statement.bind(1, person) } else { statement.bind(1, []) }
    }

    private func replace(_ state: ComponentState, _ sequence: UInt64) throws(StoreError) {
        // An unchanged state is no news to followers, and costs no page.
        let place = CellPlace.state(state.person, state.component)
        if connection.vault.isSealing, try isStored(state, at: place) { return }
        let insert = try connection.keep(
            """
            \(SummedTable.state.insertion) ON CONFLICT(person, component) DO UPDATE
            SET sequence = excluded.sequence, version = excluded.version, bytes = excluded.bytes, sum = excluded.sum
            WHERE version <> excluded.version OR bytes <> excluded.bytes
            """)
        bind(state.person, to: insert)
        insert.bind(2, state.component)
        insert.bind(3, Int64(bitPattern: sequence))
        insert.bind(4, state.version)
        insert.bind(5, try connection.vault.seal(state.bytes, of: state.person, at: place))
        try insert.run()
    }

    /// Sealed twice, the same bytes look different: what is there is opened.
    private func isStored(_ state: ComponentState, at place: CellPlace) throws(StoreError) -> Bool {
        let statement = try connection.keep("SELECT version, bytes FROM state WHERE person = ? AND component = ?")
        bind(state.person, to: statement)
        statement.bind(2, state.component)
        defer { statement.reset() }
        guard try statement.step(), statement.int64(0) == state.version else { return false }
        return try connection.vault.holds(statement, 1, state.bytes, at: place)
    }

    /// The states of one person's components, or of the hub's for `nil`, in order of name.
    public func states(of person: PersonID?) throws(StoreError) -> [ComponentState] {
        let statement = try connection.keep(
            "SELECT component, version, bytes, \(isIntact(.state)) FROM state WHERE person = ? ORDER BY component")
        bind(person, to: statement)
        var states: [ComponentState] = []
        try statement.forEachRow { () throws(StoreError) in
            try requireIntact(statement, column: 3, .state)
            let component = statement.text(0)
            states.append(
                ComponentState(
                    person: person, component: component, version: Int(statement.int64(1)),
                    bytes: try connection.vault.blob(statement, 2, at: .state(person, component))))
        }
        return states
    }
}
