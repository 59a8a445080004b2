import Vitals

extension Migrations {
    // MARK: Version 9

    // How many rows each table has, and what they add up to (``Tally``). Not in the head's own sum: a store's slices of
    // work between commits change it, too.
    static let tally = "ALTER TABLE head ADD COLUMN tally BLOB NOT NULL DEFAULT x''"

    @Sendable static func countRows(of connection: Connection) throws(StoreError) {
        try Tally(counting: connection).write(on: connection)
    }
}
