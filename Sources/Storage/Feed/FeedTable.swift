import Vitals

/// The tables `feed` and `follower`: commits as they were given, for as long as somebody follows.
///
/// The writer's picture of them, kept in step with its transactions: a value, so that a failed commit puts it back. Without
/// followers a commit costs one look at an empty list.
struct FeedTable {
    let connection: Connection
    private let epoch: UInt64
    var limits = FeedLimits()
    /// In order of name.
    private(set) var followers: [Follower] = []
    /// Followers whose row says something older.
    private var moved: Set<String> = []
    /// Followers for whom commits went that they did not have, since this was last taken.
    var losses: [Follower] = []
    /// The first commit that is kept; one after the last when none is.
    private var first: UInt64 = 1
    /// Bytes of all commits that ever were kept, up to the last, and up to before the first one that still is.
    private var total: Int64 = 0
    private var gone: Int64 = 0

    /// Rows removed in one commit, at most: a household's are gone as fast as they came, and no commit waits for long.
    private static let slice = 256
    /// Followers, at most: each is looked at with each commit.
    static let most = 32
    private static let longestName = 64

    init(_ connection: Connection, epoch: UInt64) {
        self.connection = connection
        self.epoch = epoch
    }

    /// Reads what the tables say. `sequence` is the store's last commit.
    mutating func load(after sequence: UInt64) throws(StoreError) {
        followers = try Self.followers(connection)
        first = sequence &+ 1
        (total, gone) = (0, 0)
        let ends = try connection.prepare(
            """
            SELECT sequence, total, length(bytes) FROM feed WHERE sequence = (SELECT min(sequence) FROM feed)
            UNION ALL SELECT sequence, total, 0 FROM feed WHERE sequence = (SELECT max(sequence) FROM feed)
            """)
        defer { ends.finalize() }
        guard try ends.step() else { return }
        first = UInt64(bitPattern: ends.int64(0))
        gone = ends.int64(1) &- ends.int64(2)
        total = try ends.step() ? ends.int64(1) : gone
    }

    /// Whether followers are there that followed this store before it was restored or repaired.
    func hasStrangers() throws(StoreError) -> Bool {
        let statement = try connection.prepare("SELECT 1 FROM follower WHERE epoch <> ? LIMIT 1")
        statement.bind(1, Int64(bitPattern: epoch))
        defer { statement.finalize() }
        return try statement.step()
    }

    /// Makes the followers of an earlier epoch begin anew, within a transaction: numbers of commits do not mean the same.
    mutating func beginAnew(head: UInt64) throws(StoreError) {
        try connection.execute("DELETE FROM feed")
        (first, total, gone) = (head + 1, 0, 0)
        for i in followers.indices {
            followers[i].sequence = 0
            followers[i].gaps += 1
            losses.append(followers[i])
            try write(followers[i])
        }
    }

    static func followers(_ connection: Connection) throws(StoreError) -> [Follower] {
        let statement = try connection.keep("SELECT name, sequence, at, lost, gaps FROM follower ORDER BY name")
        var followers: [Follower] = []
        try statement.forEachRow {
            followers.append(
                Follower(
                    name: statement.text(0), sequence: UInt64(bitPattern: statement.int64(1)), at: statement.time(2),
                    lost: Int(statement.int64(3)), gaps: Int(statement.int64(4))))
        }
        return followers
    }

    // MARK: Commits

    /// Keeps a commit within its transaction, and lets go what need not be kept.
    mutating func append(_ commit: Commit, _ sequence: UInt64) throws(StoreError) {
        guard !followers.isEmpty else { return }
        let row = try connection.vault.seal(
            FeedRow.encode(commit, sequence: sequence), of: nil, at: .feed(sequence))
        total += Int64(row.count)
        let insert = try connection.keep("INSERT INTO feed(sequence, at, total, bytes) VALUES(?, ?, ?, ?)")
        insert.bind(1, Int64(bitPattern: sequence))
        insert.bind(2, commit.at)
        insert.bind(3, total)
        insert.bind(4, row)
        try insert.run()
        try retire(at: commit.at, last: sequence)
        try writeMoved()
    }

    /// Removes commits that every follower has and that are old enough, and the oldest of what is too much.
    private mutating func retire(at now: Timestamp, last: UInt64) throws(StoreError) {
        let had = followers.map(\.sequence).min() ?? 0
        var end: UInt64?
        let oldest = try connection.keep("SELECT sequence, at, total FROM feed ORDER BY sequence LIMIT ?")
        oldest.bind(1, Self.slice)
        defer { oldest.reset() }
        while try oldest.step() {
            let sequence = UInt64(bitPattern: oldest.int64(0))
            let isTooMuch = total - gone > Int64(limits.bytes)
            let isDone = sequence <= had && oldest.time(1) + limits.age <= now
            guard sequence < last, isTooMuch || isDone else { break }
            end = sequence
            gone = oldest.int64(2)
        }
        oldest.reset()
        guard let end else { return }
        for i in followers.indices where followers[i].sequence < end {
            let follower = followers[i].sequence
            if follower &+ 1 >= first {
                followers[i].gaps += 1
                losses.append(followers[i])
            }
            followers[i].lost += Int(clamping: end - max(follower, first - 1))
            moved.insert(followers[i].name)
        }
        let delete = try connection.keep("DELETE FROM feed WHERE sequence <= ?")
        delete.bind(1, Int64(bitPattern: end))
        try delete.run()
        first = end + 1
    }

    /// Tells the table where followers stand, within a transaction.
    mutating func writeMoved() throws(StoreError) {
        guard !moved.isEmpty else { return }
        for follower in followers where moved.contains(follower.name) { try write(follower) }
        moved.removeAll()
    }

    private func write(_ follower: Follower) throws(StoreError) {
        let insert = try connection.keep(
            "INSERT OR REPLACE INTO follower(name, sequence, at, lost, gaps, epoch) VALUES(?, ?, ?, ?, ?, ?)")
        insert.bind(1, follower.name)
        insert.bind(2, Int64(bitPattern: follower.sequence))
        insert.bind(3, follower.at)
        insert.bind(4, follower.lost)
        insert.bind(5, follower.gaps)
        insert.bind(6, Int64(bitPattern: epoch))
        try insert.run()
    }

    var hasMoved: Bool { !moved.isEmpty }

    // MARK: Followers

    /// Moves a follower that is there; `false` when there is none of that name.
    mutating func move(_ name: String, to sequence: UInt64, at: Timestamp) -> Bool {
        guard let place = followers.firstIndex(where: { $0.name == name }) else { return false }
        followers[place].sequence = sequence
        followers[place].at = at
        moved.insert(name)
        return true
    }

    /// Adds a follower, within a transaction. `head` is the last commit.
    mutating func add(_ follower: Follower, head: UInt64) throws(StoreError) {
        guard followers.count < Self.most else {
            throw StoreError(
                .other, path: connection.path,
                "it has \(Self.most) followers, and takes no more: remove one with `vitald store unfollow`")
        }
        if followers.isEmpty {
            // What is left from before would have a hole behind it.
            try connection.execute("DELETE FROM feed")
            (first, total, gone) = (head + 1, 0, 0)
        }
        try write(follower)
        followers.append(follower)
        followers.sort { $0.name < $1.name }
    }

    /// Removes a follower, within a transaction; with the last one goes what was kept.
    mutating func remove(_ name: String, head: UInt64) throws(StoreError) -> Bool {
        guard let place = followers.firstIndex(where: { $0.name == name }) else { return false }
        let delete = try connection.keep("DELETE FROM follower WHERE name = ?")
        delete.bind(1, name)
        try delete.run()
        followers.remove(at: place)
        moved.remove(name)
        if followers.isEmpty {
            try connection.execute("DELETE FROM feed")
            (first, total, gone) = (head + 1, 0, 0)
        }
        return true
    }

    /// Whether a name is one: letters, digits, `-`, `_` and `.`, so that it can stand in a command line and a log.
    static func isName(_ name: String) -> Bool {
        (1...longestName).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
