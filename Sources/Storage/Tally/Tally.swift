import Vitals

/// How many rows each table has, and what their marks add up to: the column `tally` of the head.
///
/// A checksum in a row says nothing of a row that is not there, is there twice, or is the one of last week, as when a disk
/// did not write a page. The sum does: it is of all rows whatever their order, and a row that comes or goes changes it
/// by its mark. Written in the transaction of those rows.
///
/// ```
/// version  1 byte, 1
/// checksum 4 bytes (``SummedBlock``, key 0)
/// counts   for each of ``TalliedTable/all`` rows and marks, 8 bytes each, little-endian
/// ```
struct Tally: Equatable {
    struct Count: Equatable {
        var rows: Int64 = 0
        var marks: Int64 = 0
    }

    /// By place in ``TalliedTable/all``.
    var counts = [Count](repeating: Count(), count: TalliedTable.all.count)

    subscript(_ table: TalliedTable) -> Count {
        TalliedTable.all.firstIndex { $0.name == table.name }.map { counts[$0] } ?? Count()
    }

    private static let version: UInt8 = 1

    var bytes: [UInt8] {
        var writer = ByteWriter(capacity: SummedBlock.head + 16 * counts.count)
        writer.byte(Self.version)
        writer.integer(UInt32(0))
        for count in counts {
            writer.integer(UInt64(bitPattern: count.rows))
            writer.integer(UInt64(bitPattern: count.marks))
        }
        var block = writer.bytes
        SummedBlock.finish(&block, key: 0)
        return block
    }

    init(_ bytes: [UInt8]) throws(Damage) {
        var reader = ByteReader(try SummedBlock.body(of: bytes, version: Self.version, key: 0, "a tally"))
        do throws(WireError) {
            for place in counts.indices {
                counts[place].rows = Int64(bitPattern: try reader.integer())
                counts[place].marks = Int64(bitPattern: try reader.integer())
            }
        } catch { throw Damage(reason: "a tally cut short") }
    }

    /// What the head tells.
    init(of connection: Connection) throws(StoreError) {
        let statement = try connection.keep("SELECT tally FROM head")
        defer { statement.reset() }
        guard try statement.step() else { throw statement.damage("no head") }
        do throws(Damage) { try self.init(statement.blob(0)) } catch { throw statement.damage(error.reason) }
    }

    /// Counts what is there. Reads every row.
    init(counting connection: Connection) throws(StoreError) {
        for (place, table) in TalliedTable.all.enumerated() { counts[place] = try Self.count(table, connection) }
    }

    static func count(_ table: TalliedTable, _ connection: Connection) throws(StoreError) -> Count {
        let statement = try connection.prepare(
            "SELECT count(*), coalesce(sum(\(table.mark())), 0) FROM \(table.name) NOT INDEXED")
        defer { statement.finalize() }
        guard try statement.step() else { return Count() }
        return Count(rows: statement.int64(0), marks: statement.int64(1))
    }

    /// Tells the head, within a transaction.
    func write(on connection: Connection) throws(StoreError) {
        let update = try connection.keep("UPDATE head SET tally = ?")
        update.bind(1, bytes)
        try update.run()
    }
}
