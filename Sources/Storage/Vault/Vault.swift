import CSodium
import Vitals

/// Seals what a store holds about people, a data key for each, and opens it again.
///
/// Data keys are random, one per person and one for what belongs to nobody or to all (the hub). They rest in the table `key`,
/// wrapped with the store's key. A store without that table's hub key is plain, and its vault seals nothing: what goes in
/// comes out.
///
/// When a person is forgotten their key goes too: what they left in pages that a disk put aside is noise then. A backup made before
/// holds their key as well, wrapped; it is noise once the store has another key and the old one is destroyed.
///
/// A class, since readers and writers of one store share what it learned; used from the store's thread only.
final class Vault {
    /// Belongs to nobody: the hub's own.
    static let hub = PersonID(high: 0, low: 0)

    private unowned let connection: Connection
    let storeKey: StoreKey?
    private var keys: [UInt32: StoreKey] = [:]
    private var ids: [PersonID: UInt32] = [:]

    /// Whether anything is sealed.
    var isSealing: Bool { storeKey != nil }

    /// A vault that seals nothing.
    init(plain connection: Connection) {
        self.connection = connection
        storeKey = nil
    }

    /// A vault that has no keys yet.
    init(_ connection: Connection, _ key: StoreKey) {
        self.connection = connection
        storeKey = key
    }

    // MARK: Opening

    /// The vault of a store that is there.
    ///
    /// - Throws: `.sealed` where the store is encrypted and the key is not there or another one, or where a key was given
    ///   and the store is plain. Nothing is written.
    static func of(_ connection: Connection, key: StoreKey?) throws(StoreError) -> Vault {
        guard try isEncrypted(connection) else {
            guard key == nil else { throw Refusal.needless.error(connection.path) }
            return Vault(plain: connection)
        }
        guard let key else { throw Refusal.missing.error(connection.path) }
        let vault = Vault(connection, key)
        guard try vault.key(of: hub) != nil else { throw connection.damage("no key of its own") }
        return vault
    }

    private static func isEncrypted(_ connection: Connection) throws(StoreError) -> Bool {
        guard try connection.integer("SELECT 1 FROM sqlite_schema WHERE name = 'key'") != nil else { return false }
        if try connection.integer("SELECT 1 FROM key LIMIT 1") != nil { return true }
        // Only an encrypted store has no views.
        guard try connection.integer("SELECT 1 FROM sqlite_schema WHERE type = 'view'") != nil else {
            throw connection.damage("no keys, and no views of a plain store either")
        }
        return false
    }

    /// Why a store is not opened with a key, or without one. Nothing was changed then.
    enum Refusal: String {
        case missing = "the store is encrypted: name the file with its key (--key-file)"
        case wrong = "this is not the key that the store was encrypted with; nothing was changed"
        case needless =
            "a key was given, but the store is not encrypted: leave the key out, or run `vitald store encrypt`"

        func error(_ path: String) -> StoreError { StoreError(.sealed, path: path, rawValue) }
    }

    /// Makes a store that holds nothing yet an encrypted one, within a transaction.
    @discardableResult
    static func begin(_ connection: Connection, _ key: StoreKey) throws(StoreError) -> Vault {
        let vault = Vault(connection, key)
        _ = try vault.make(for: hub)
        return vault
    }

    // MARK: Keys

    /// Reads all keys at once: a writer must not take a disk that failed for a value that is damaged.
    func loadKeys() throws(StoreError) {
        guard isSealing else { return }
        let statement = try connection.prepare("SELECT person, wrapped, id FROM key")
        try statement.forEachRow { () throws(StoreError) in
            let id = UInt32(truncatingIfNeeded: statement.int64(2))
            if keys[id] == nil { _ = try unwrap(statement, id, of: try statement.id(0)) }
        }
    }

    /// The id and key of a person's data; `nil` where there is none yet.
    private func key(of person: PersonID) throws(StoreError) -> (UInt32, StoreKey)? {
        if let id = ids[person], let key = keys[id] { return (id, key) }
        let statement = try connection.keep("SELECT id, wrapped FROM key WHERE person = ?")
        statement.bind(1, person)
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        let id = UInt32(truncatingIfNeeded: statement.int64(0))
        return (id, try unwrap(statement, id, of: person))
    }

    private func key(_ id: UInt32) throws(StoreError) -> StoreKey? {
        if let key = keys[id] { return key }
        let statement = try connection.keep("SELECT person, wrapped FROM key WHERE id = ?")
        statement.bind(1, Int64(id))
        defer { statement.reset() }
        guard try statement.step() else { return nil }
        return try unwrap(statement, id, of: try statement.id(0))
    }

    /// The key in the second column, kept for the next time.
    private func unwrap(_ statement: Statement, _ id: UInt32, of person: PersonID) throws(StoreError) -> StoreKey {
        guard let storeKey else { throw connection.damage("a sealed value in a store that is not encrypted") }
        let place = Self.place(of: id, person)
        var plain = statement.withBlob(1) { SealedCell.open($0, key: storeKey, at: place) } ?? []
        defer { sodium_memzero(&plain, plain.count) }
        guard let key = plain.withUnsafeBytes({ StoreKey(bytes: $0) }) else {
            // The hub's is opened first: whatever fails later is damage.
            if person == Self.hub, try !opensAny() { throw Refusal.wrong.error(connection.path) }
            throw connection.damage("a key that does not open")
        }
        keys[id] = key
        ids[person] = id
        return key
    }

    /// Whether the store's key is the right one for any of its data keys.
    private func opensAny() throws(StoreError) -> Bool {
        guard let storeKey else { return false }
        let statement = try connection.prepare("SELECT person, wrapped, id FROM key")
        var opens = false
        try statement.forEachRow { () throws(StoreError) in
            let place = Self.place(of: UInt32(truncatingIfNeeded: statement.int64(2)), try statement.id(0))
            if statement.withBlob(1, { SealedCell.open($0, key: storeKey, at: place) }) != nil { opens = true }
        }
        return opens
    }

    /// What a wrapped key belongs to: its row and its person.
    private static func place(of id: UInt32, _ person: PersonID) -> CellPlace {
        var row = withUnsafeBytes(of: id.littleEndian) { Array($0) }
        row += withUnsafeBytes(of: (person.high.bigEndian, person.low.bigEndian)) { Array($0) }
        return CellPlace("key", row)
    }

    /// A person's key, made where there is none.
    private func ownKey(of person: PersonID) throws(StoreError) -> (UInt32, StoreKey) {
        if let known = try key(of: person) { return known }
        return try make(for: person)
    }

    private func make(for person: PersonID) throws(StoreError) -> (UInt32, StoreKey) {
        guard let storeKey, let key = StoreKey.random() else {
            throw StoreError(.other, path: connection.path, "no memory for a key")
        }
        // Ids are never used again, so that a value sealed with a key that is gone is not tried with another.
        let id = UInt32(truncatingIfNeeded: try connection.integer("SELECT last + 1 FROM key_head") ?? 1)
        let wrapped = key.withBytes { bytes in
            SealedCell.seal(
                UnsafeRawBufferPointer(start: bytes, count: StoreKey.length), key: storeKey, id: 0,
                at: Self.place(of: id, person))
        }
        let insert = try connection.keep("INSERT INTO key(id, person, wrapped) VALUES(?, ?, ?)")
        insert.bind(1, Int64(id))
        insert.bind(2, person)
        insert.bind(3, wrapped)
        try insert.run()
        try connection.execute("UPDATE key_head SET last = \(id)")
        made.append(person)
        keys[id] = key
        ids[person] = id
        return (id, key)
    }

    /// Takes over a row of the table `key` that was found in a damaged store, within a transaction; `false` for what was not
    /// wrapped there with the store's key.
    ///
    /// Of two keys of one person the later one is theirs: the other was destroyed when they were forgotten.
    func adopt(_ wrapped: [UInt8], _ id: UInt32, of person: PersonID) throws(StoreError) -> Bool {
        guard let storeKey else { return false }
        let place = Self.place(of: id, person)
        var plain = wrapped.withUnsafeBytes { SealedCell.open($0, key: storeKey, at: place) } ?? []
        defer { sodium_memzero(&plain, plain.count) }
        guard let key = plain.withUnsafeBytes({ StoreKey(bytes: $0) }) else { return false }
        guard keys[id] == nil, ids[person].map({ $0 < id }) ?? true else { return true }
        if let earlier = ids[person] { keys[earlier] = nil }
        let insert = try connection.keep(
            """
            INSERT INTO key(id, person, wrapped) VALUES(?, ?, ?)
            ON CONFLICT(person) DO UPDATE SET id = excluded.id, wrapped = excluded.wrapped
            """)
        insert.bind(1, Int64(id))
        insert.bind(2, person)
        insert.bind(3, wrapped)
        try insert.run()
        keys[id] = key
        ids[person] = id
        return true
    }

    /// Whether it has no keys.
    var isEmpty: Bool { keys.isEmpty }

    /// Whether a value is sealed with the hub's key, or with one that is not there and may be the hub's.
    func isHubs(_ cell: [UInt8]) -> Bool {
        guard isSealing, let id = cell.withUnsafeBytes({ SealedCell.keyID(of: $0) }) else { return false }
        return ids[Self.hub].map { $0 == id } ?? (keys[id] == nil)
    }

    /// Whether bytes have the form of a wrapped key.
    static func isWrapped(_ bytes: [UInt8]) -> Bool {
        bytes.count == StoreKey.length + SealedCell.overhead && bytes.withUnsafeBytes { SealedCell.keyID(of: $0) } == 0
    }

    /// Makes sure that ids up to `last` are not given again, and that the hub has a key.
    func complete(last: UInt32) throws(StoreError) {
        try connection.execute("UPDATE key_head SET last = max(last, \(last), (SELECT coalesce(max(id), 0) FROM key))")
        _ = try ownKey(of: Self.hub)
    }

    /// Keys made in the transaction under way.
    private var made: [PersonID] = []

    /// The transaction succeeded: its keys stay.
    func keep() { made.removeAll() }

    /// The transaction failed: its keys were never there.
    func undo() {
        for person in made { if let id = ids.removeValue(forKey: person) { keys[id] = nil } }
        made.removeAll()
    }

    /// Destroys a person's key, within a transaction.
    func forget(_ person: PersonID) throws(StoreError) {
        guard isSealing else { return }
        if let id = ids.removeValue(forKey: person) { keys[id] = nil }
        let delete = try connection.keep("DELETE FROM key WHERE person = ?")
        delete.bind(1, person)
        try delete.run()
    }

    // MARK: Values

    /// Seals a value of a person (`nil`: the hub's own), within a transaction; a plain store's stays as it is.
    func seal(_ plain: [UInt8], of person: PersonID?, at place: @autoclosure () -> CellPlace) throws(StoreError)
        -> [UInt8]
    {
        guard isSealing else { return plain }
        let owner = person ?? Self.hub
        let (id, key) = try ownKey(of: owner)
        return plain.withUnsafeBytes { SealedCell.seal($0, key: key, id: id, at: place()) }
    }

    /// Opens a value.
    ///
    /// - Throws: `Damage` for what was not sealed there, or is plain in a store that seals.
    func open(_ cell: UnsafeRawBufferPointer, at place: @autoclosure () -> CellPlace) throws(Damage) -> [UInt8] {
        guard isSealing else { return Array(cell) }
        guard let id = SealedCell.keyID(of: cell) else { throw Damage(reason: "a value that is not sealed") }
        let found: StoreKey?
        do throws(StoreError) { found = try key(id) } catch { throw Damage(reason: "a key that cannot be read") }
        guard let key = found else { throw Damage(reason: Self.gone) }
        guard let plain = SealedCell.open(cell, key: key, at: place()) else {
            throw Damage(reason: "a sealed value that was changed, or is not of this row")
        }
        return plain
    }

    /// The reason where a value would open with a key that is not there.
    static let gone = "a value whose key is gone"

    /// What stands for a name where it must be recognised and not be read: a keyed hash in an encrypted store, the name itself
    /// in a plain one. Within a transaction.
    func mark(of name: String) throws(StoreError) -> String {
        guard isSealing else { return name }
        let (_, key) = try ownKey(of: Self.hub)
        let text = Array(name.utf8)
        var hash = [UInt8](repeating: 0, count: 16)
        _ = key.withBytes {
            crypto_generichash(&hash, hash.count, text, UInt64(text.count), $0, StoreKey.length)
        }
        return hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
