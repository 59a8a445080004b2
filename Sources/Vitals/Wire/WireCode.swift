/// An enum with a fixed byte for each case, independent of the order and the names in the source.
protocol WireCode: CaseIterable {
    /// Never reused or renumbered: files hold it.
    var wireCode: UInt8 { get }
}

extension ByteWriter {
    mutating func code(_ value: some WireCode) { byte(value.wireCode) }
    mutating func day(_ value: LocalDay) { signed(Int64(value.number)) }
}

extension ByteReader {
    /// A case by its byte, refused when unknown.
    mutating func code<T: WireCode>(_: T.Type = T.self) throws(WireError) -> T {
        let at = offset
        let code = try byte()
        guard let value = T.allCases.first(where: { $0.wireCode == code }) else {
            throw WireError(.malformed("unknown \(T.self) \(code)"), at: at)
        }
        return value
    }

    mutating func day() throws(WireError) -> LocalDay {
        let at = offset
        guard let number = Int32(exactly: try signed()) else {
            throw WireError(.malformed("a day outside the calendar"), at: at)
        }
        return LocalDay(number: number)
    }

    /// A number that is not negative and means no size of what follows.
    mutating func natural() throws(WireError) -> Int {
        let at = offset
        let value = try count()
        guard value >= 0 else { throw WireError(.malformed("a number too large"), at: at) }
        return value
    }

    /// Opens a record of the expected kind. Its fields are read from the result; what follows those that this version
    /// knows is ignored, so that fields can be appended.
    mutating func record(of kind: UInt8, _ what: String) throws(WireError) -> ByteReader {
        let at = offset
        let record = try record()
        guard record.kind == kind else {
            throw WireError(.malformed("a record of kind \(record.kind) in place of \(what)"), at: at)
        }
        return record.content
    }
}
