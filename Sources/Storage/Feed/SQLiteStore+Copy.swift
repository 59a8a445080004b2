import Vitals

extension SQLiteStore {
    /// Samples in one part of a copy, and events or states: some hundred KB.
    private static let copyPart = (samples: 1 << 14, rows: 256)

    /// All there is, from one snapshot: people, devices and who wore them, then samples person by person, events, states,
    /// commands and records.
    ///
    /// A snapshot keeps the write-ahead log from being trimmed for as long as `body` takes.
    public func copy(_ body: (Commit) throws(StoreError) -> Void) throws(StoreError) -> UInt64 {
        try connection.read { () throws(StoreError) in
            let statement = try connection.keep("SELECT sequence, at FROM head")
            guard try statement.step() else { throw statement.damage("no head") }
            let head = UInt64(bitPattern: statement.int64(0))
            let at = statement.time(1)
            statement.reset()
            var known = Commit(at: at)
            known.forgotten = try forgotten()
            known.people = try people()
            known.devices = try devices()
            known.assignments = try assignments()
            if !known.isEmpty { try body(known) }
            for person in Set(try series(of: nil).map(\.key.person)).sorted() { try copySamples(of: person, at, body) }
            try copyRows(try events(EventFilter()), at, body) { $0.events = $1 }
            try copyRows(try outbox(), at, body) { $0.outbox = $1 }
            try copyRows(try allStates(), at, body) { $0.states = $1 }
            try copyRows(try commands().map(\.command), at, body) { $0.commands = $1 }
            try forEachRecord { (record) throws(StoreError) in
                var part = Commit(at: at)
                part.records = [record]
                try body(part)
            }
            return head
        }
    }

    private func copySamples(
        of person: PersonID, _ at: Timestamp, _ body: (Commit) throws(StoreError) -> Void
    ) throws(StoreError) {
        var failure: StoreError?
        var samples: [Sample] = []
        func give() {
            guard failure == nil, !samples.isEmpty else { return }
            var part = Commit(at: at)
            part.samples = [PersonSamples(person: person, samples: samples)]
            samples.removeAll(keepingCapacity: true)
            do throws(StoreError) { try body(part) } catch { failure = error }
        }
        try self.samples(
            of: person, metrics: [], in: TimeRange(Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))
        ) {
            samples.append($0)
            if samples.count == Self.copyPart.samples { give() }
        }
        give()
        if let failure { throw failure }
    }

    private func copyRows<T>(
        _ rows: [T], _ at: Timestamp, _ body: (Commit) throws(StoreError) -> Void,
        _ put: (inout Commit, [T]) -> Void
    ) throws(StoreError) {
        for start in stride(from: 0, to: rows.count, by: Self.copyPart.rows) {
            var part = Commit(at: at)
            put(&part, Array(rows[start..<min(start + Self.copyPart.rows, rows.count)]))
            try body(part)
        }
    }

    /// The states of everybody's components and of the hub's.
    private func allStates() throws(StoreError) -> [ComponentState] {
        let statement = try connection.keep(
            "SELECT person, component, version, bytes FROM state ORDER BY person, component")
        var states: [ComponentState] = []
        try statement.forEachRow { () throws(StoreError) in
            let person: PersonID? = statement.blob(0).isEmpty ? nil : try statement.id(0)
            let component = statement.text(1)
            states.append(
                ComponentState(
                    person: person, component: component, version: Int(statement.int64(2)),
                    bytes: try connection.vault.blob(statement, 3, at: .state(person, component))))
        }
        return states
    }
}
