import Vitals

extension SQLiteStore {
    /// How long and how much is kept for followers; takes effect with the next commit.
    public var feedLimits: FeedLimits {
        get { feed.limits }
        set { feed.limits = newValue }
    }

    /// Followers for whom commits went before they had them, since the last call: to be told to people.
    public func takeFeedLosses() -> [Follower] {
        defer { feed.losses = [] }
        return feed.losses
    }

    /// Commits after `sequence`, from one snapshot. Costs what is read.
    public func feed(after sequence: UInt64, atMost bytes: Int) throws(StoreError) -> FeedPage {
        try connection.read { () throws(StoreError) in
            let head = UInt64(bitPattern: try connection.integer("SELECT sequence FROM head") ?? 0)
            guard sequence <= head else {
                throw StoreError(
                    .other, path: connection.path,
                    "it has \(head) commits, and none after \(sequence): that number is of another store, or from before "
                        + "this one was restored; copy it anew")
            }
            guard version >= Migrations.withFeed else { return page([], after: sequence, head: head) }
            var commits: [FeedCommit] = []
            var size = 0
            let statement = try connection.keep("SELECT sequence, bytes FROM feed WHERE sequence > ? ORDER BY sequence")
            statement.bind(1, Int64(bitPattern: sequence))
            defer { statement.reset() }
            while size < bytes || commits.isEmpty, try statement.step() {
                let number = UInt64(bitPattern: statement.int64(0))
                guard number == sequence + UInt64(commits.count) + 1 else {
                    // After commits that are there: the next page tells.
                    guard commits.isEmpty else { break }
                    return FeedPage(commits: [], missing: sequence + 1...number - 1, head: head)
                }
                do throws(Damage) {
                    let bytes = try statement.withBlob(1) { (row) throws(Damage) in
                        try FeedRow.decode(connection.vault.open(row, at: .feed(number)), sequence: number)
                    }
                    commits.append(FeedCommit(sequence: number, bytes: bytes))
                    size += bytes.count
                } catch {
                    throw statement.damage("\(error.reason) (commit \(number))")
                }
            }
            return page(commits, after: sequence, head: head)
        }
    }

    private func page(_ commits: [FeedCommit], after sequence: UInt64, head: UInt64) -> FeedPage {
        let missing = commits.isEmpty && sequence < head ? sequence + 1...head : nil
        return FeedPage(commits: commits, missing: missing, head: head)
    }

    /// A number that differs from what it was when another connection has committed since; costs a look at shared memory.
    public func changes() throws(StoreError) -> Int64 { try connection.integer("PRAGMA data_version") ?? 0 }

    /// The hub's time of the last commit.
    public func lastCommit() throws(StoreError) -> Timestamp {
        Timestamp(milliseconds: try connection.integer("SELECT at FROM head") ?? 0)
    }

    /// In order of name.
    public func followers() throws(StoreError) -> [Follower] {
        if isWriter { return feed.followers }
        return version >= Migrations.withFeed ? try FeedTable.followers(connection) : []
    }

    public func follow(_ name: String, after sequence: UInt64, at: Timestamp) throws(StoreError) {
        try requireWriter()
        guard FeedTable.isName(name) else {
            throw StoreError(
                .other, path: connection.path,
                "'\(name)' is no follower's name: up to 64 letters, digits, dots, hyphens and underscores")
        }
        guard sequence <= lastSequence else {
            throw StoreError(
                .other, path: connection.path,
                "nobody can have commit \(sequence): the last one is \(lastSequence)")
        }
        if feed.move(name, to: sequence, at: at) { return }
        try changeFeed { (feed) throws(StoreError) in
            try feed.add(Follower(name: name, sequence: sequence, at: at), head: lastSequence)
        }
    }

    @discardableResult
    public func unfollow(_ name: String) throws(StoreError) -> Bool {
        try requireWriter()
        return try changeFeed { (feed) throws(StoreError) in try feed.remove(name, head: lastSequence) }
    }

    /// Changes followers in a transaction of their own: they are no commit, and nobody follows them.
    private func changeFeed<R>(_ body: (inout FeedTable) throws(StoreError) -> R) throws(StoreError) -> R {
        let before = feed
        do throws(StoreError) {
            return try connection.write { () throws(StoreError) in try body(&feed) }
        } catch {
            feed = before
            throw error
        }
    }

    /// Reads who follows, as the writer needs it.
    func loadFeed() throws(StoreError) {
        try feed.load(after: lastSequence)
        guard try feed.hasStrangers() else { return }
        try changeFeed { (feed) throws(StoreError) in try feed.beginAnew(head: lastSequence) }
    }

    /// Tells the file where followers stand: whoever closes the store waits for no further commit.
    func keepFollowers() {
        guard isWriter, feed.hasMoved else { return }
        try? changeFeed { (feed) throws(StoreError) in try feed.writeMoved() }
    }

    /// What is wrong with what is kept for followers, a line each.
    func feedProblems() throws(StoreError) -> [String] {
        guard version >= Migrations.withFeed else { return [] }
        var problems: [String] = []
        var last: (sequence: UInt64, total: Int64)?
        let statement = try connection.prepare("SELECT sequence, total, bytes FROM feed ORDER BY sequence")
        try statement.forEachRow {
            let sequence = UInt64(bitPattern: statement.int64(0))
            let total = statement.int64(1)
            if let last, sequence != last.sequence + 1 {
                problems.append("kept commits: \(last.sequence + 1) to \(sequence - 1) are not there")
            }
            do throws(Damage) {
                let size = try statement.withBlob(2) { (row) throws(Damage) in
                    let bytes = try FeedRow.decode(
                        connection.vault.open(row, at: .feed(sequence)), sequence: sequence)
                    do throws(WireError) { _ = try FeedCommit(sequence: sequence, bytes: bytes).commit() } catch {
                        throw Damage(reason: "a kept commit that cannot be read (\(error))")
                    }
                    return row.count
                }
                if let last, total != last.total + Int64(size) {
                    problems.append("kept commit \(sequence): its size is not counted")
                }
            } catch {
                problems.append("kept commit \(sequence): \(error.reason)")
            }
            last = (sequence, total)
        }
        return problems
    }
}
