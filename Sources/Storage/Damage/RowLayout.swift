import Vitals

/// The columns of a table as its rows have them.
struct RowLayout {
    var table: SummedTable
    var columns: [String]
    /// Place of the column that is the row's id, and has no value of its own.
    var id: Int?
    var sum: Int
    /// Places of what the sum covers.
    var summed: [Int]

    init(_ table: SummedTable, of connection: Connection) throws(StoreError) {
        self.table = table
        var columns: [String] = []
        var id: Int?
        let list = try connection.prepare("SELECT name, type = 'INTEGER' AND pk = 1 FROM pragma_table_info(?)")
        list.bind(1, table.name)
        try list.forEachRow {
            if list.int64(1) == 1, id == nil { id = columns.count }
            columns.append(list.text(0))
        }
        self.columns = columns
        // A table without row ids has no column in the place of one.
        self.id = table.name == SummedTable.assignment.name ? nil : id
        sum = columns.firstIndex(of: "sum") ?? -1
        summed = table.columns.compactMap { columns.firstIndex(of: $0) }
    }

    /// Rows of an earlier version lack the columns that came later.
    func matches(_ row: FoundRow) -> Bool {
        row.values.count > sum && row.values.count <= columns.count && (id == nil || row.id != nil)
    }

    /// A value of a row, its id included.
    func value(_ i: Int, of row: FoundRow) -> FoundRow.Value {
        if i == id, let number = row.id { return .integer(number) }
        return i < row.values.count ? row.values[i] : .null
    }

    func isIntact(_ row: FoundRow) -> Bool {
        guard matches(row), row.values.indices.contains(sum), let told = row.values[sum].integer else { return false }
        return RowSum(table, summed.map { value($0, of: row) }).value == UInt32(truncatingIfNeeded: told)
            && told >> 32 == 0
    }

    func value(_ name: String, of row: FoundRow) -> FoundRow.Value? {
        columns.firstIndex(of: name).map { value($0, of: row) }
    }
}

extension RowSum {
    /// The sum of a row whose values are in the order of the table's `columns`.
    init(_ table: SummedTable, _ values: some Sequence<FoundRow.Value>) {
        self.init()
        add(text: table.name)
        for value in values {
            switch value {
            case .null: addNull()
            case .integer(let number): add(number)
            case .real(let number): add(number)
            case .text(let bytes): bytes.withUnsafeBytes { add(text: $0) }
            case .blob(let bytes): bytes.withUnsafeBytes { add(blob: $0) }
            }
        }
    }
}
