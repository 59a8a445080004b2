/// A row that was found in a page without SQLite, with its values in the order of the columns.
struct FoundRow {
    enum Value {
        case null
        case integer(Int64)
        case real(Double)
        case text([UInt8])
        case blob([UInt8])

        var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
        var blob: [UInt8]? { if case .blob(let bytes) = self { bytes } else { nil } }
    }

    /// `nil` for a row of an index, or of a table without row ids.
    var id: Int64?
    var values: [Value]
}

extension PageImage {
    /// Calls `body` with everything in a page that has the form of a row, of a table or of an index. Nothing of it is
    /// certain: a page of something else may look like one.
    ///
    /// - Returns: Whether the page has that form throughout, or none of it.
    @discardableResult
    func forEachRow(in number: Int, _ body: (FoundRow) -> Void) -> Bool {
        guard let page = page(number) else { return true }
        let start = number == 1 ? 100 : 0
        let kind = page[start]
        // Leaves of tables; leaves and inner pages of indices (sqlite.org/fileformat.html, section 1.6).
        guard kind == 13 || kind == 10 || kind == 2 else { return true }
        let cells = Self.big(page, start + 3, bytes: 2)
        let pointers = start + (kind == 2 ? 12 : 8)
        guard pointers + 2 * cells <= usable else { return false }
        var isWhole = true
        for cell in 0..<cells {
            let offset = Self.big(page, pointers + 2 * cell, bytes: 2)
            if let row = row(in: page, at: offset, kind) { body(row) } else { isWhole = false }
        }
        return isWhole
    }

    private func row(in page: [UInt8], at offset: Int, _ kind: UInt8) -> FoundRow? {
        var place = offset + (kind == 2 ? 4 : 0)
        guard let length = Self.varint(page, &place), length >= 0, length <= 1 << 30 else { return nil }
        var id: Int64?
        if kind == 13 {
            guard let told = Self.varint(page, &place) else { return nil }
            id = told
        }
        guard let payload = payload(of: page, at: place, Int(length), isTable: kind == 13) else { return nil }
        return Self.values(of: payload).map { FoundRow(id: id, values: $0) }
    }

    /// The bytes of a cell, with what overflows into other pages.
    private func payload(of page: [UInt8], at place: Int, _ length: Int, isTable: Bool) -> [UInt8]? {
        let most = isTable ? usable - 35 : (usable - 12) * 64 / 255 - 23
        if length <= most {
            guard place + length <= page.count else { return nil }
            return Array(page[place..<place + length])
        }
        let least = (usable - 12) * 32 / 255 - 23
        let fitting = least + (length - least) % (usable - 4)
        let local = fitting <= most ? fitting : least
        guard place + local + 4 <= page.count, length <= count * pageSize else { return nil }
        var bytes = Array(page[place..<place + local])
        var next = Self.big(page, place + local, bytes: 4)
        while bytes.count < length {
            // The length bounds a chain that goes in a circle.
            guard let overflow = self.page(next) else { return nil }
            bytes += overflow[4..<4 + min(usable - 4, length - bytes.count)]
            next = Self.big(overflow, 0, bytes: 4)
        }
        return bytes
    }

    /// SQLite's own varint: seven bits a byte, the highest first, and all eight of the ninth.
    private static func varint(_ bytes: [UInt8], _ place: inout Int) -> Int64? {
        var value: UInt64 = 0
        for i in 0..<9 {
            guard place >= 0, place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            if i == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
            value = value << 7 | UInt64(byte & 0x7F)
            if byte & 0x80 == 0 { return Int64(bitPattern: value) }
        }
        return nil
    }

    /// The values of a record (sqlite.org/fileformat.html, section 2.1).
    private static func values(of record: [UInt8]) -> [FoundRow.Value]? {
        var place = 0
        guard let head = varint(record, &place), head >= place, head <= record.count else { return nil }
        var body = Int(head)
        var values: [FoundRow.Value] = []
        while place < Int(head) {
            guard let kind = varint(record, &place), place <= Int(head), kind >= 0, values.count < 64 else {
                return nil
            }
            let size = size(of: kind)
            guard size <= record.count - body else { return nil }
            values.append(value(of: kind, record[body..<body + size]))
            body += size
        }
        return values
    }

    private static func size(of kind: Int64) -> Int {
        switch kind {
        case 0, 8, 9, 10, 11: 0
        case 1...4: Int(kind)
        case 5: 6
        case 6, 7: 8
        default: Int(clamping: (kind - 12) / 2)
        }
    }

    private static func value(of kind: Int64, _ bytes: ArraySlice<UInt8>) -> FoundRow.Value {
        switch kind {
        case 0, 10, 11: return .null
        case 8: return .integer(0)
        case 9: return .integer(1)
        case 1...7:
            let word = bytes.reduce(0) { $0 << 8 | UInt64($1) }
            if kind == 7 { return .real(Double(bitPattern: word)) }
            let unused = 64 - 8 * Int64(bytes.count)
            return .integer(Int64(bitPattern: word << UInt64(unused)) >> unused)
        default: return kind % 2 == 0 ? .blob(Array(bytes)) : .text(Array(bytes))
        }
    }
}
