/// Lines of values whose meaning a header line gives: `#hr,rr,steps`, then `72,833;820,1234`.
///
/// Values are separated by commas, several values of one column by semicolons or spaces; an empty value is none.
enum ColumnLine {
    static let headerMark = UInt8(ascii: "#")
    static let separator = UInt8(ascii: ",")
    /// Columns beyond are ignored.
    static let mostColumns = 256

    static func isListSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: ";") || isSpace(byte) }
    static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Reads a line into one member per key. `false` when no header named the columns.
    static func read(
        _ line: UnsafeBufferPointer<UInt8>, _ names: ColumnNames, keys: Int, input: Int,
        into members: inout [JSONLine.Member], items: inout [Double]
    ) -> Bool {
        members.removeAll(keepingCapacity: true)
        for _ in 0..<keys { members.append(JSONLine.Member()) }
        guard names.input == input else { return false }
        var start = 0
        for key in names.columns {
            guard start <= line.count else { break }
            var end = start
            while end < line.count, line[end] != separator { end += 1 }
            if key >= 0, key < members.count { members[key] = member(line, start..<end, &items) }
            start = end + 1
        }
        return true
    }

    private static func member(
        _ line: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ items: inout [Double]
    ) -> JSONLine.Member {
        let first = items.count
        var start = range.lowerBound
        while start < range.upperBound {
            var end = start
            while end < range.upperBound, !isListSeparator(line[end]) { end += 1 }
            if end > start, items.count - first < Program.mostRepeats {
                items.append(DecimalNumber.plain(line.span, start..<end))
            }
            start = end + 1
        }
        switch items.count - first {
        case 0: return JSONLine.Member()
        case 1:
            let number = items.removeLast()
            return JSONLine.Member(kind: number.isNaN ? .null : .number, number: number)
        default: return JSONLine.Member(kind: .list, start: first, end: items.count)
        }
    }
}

/// Which key each column is.
struct ColumnNames: Sendable {
    /// The input whose header it was; -1 for none.
    var input = -1
    /// The index of the column's key, or -1 for one nobody asks for.
    var columns: [Int] = []
    /// The line they came from.
    var header: [UInt8] = []

    init() {}

    init(_ line: UnsafeBufferPointer<UInt8>, keys: [[UInt8]], input: Int) {
        self.input = input
        header = Array(line)
        for name in line.dropFirst().split(separator: ColumnLine.separator, omittingEmptySubsequences: false) {
            guard columns.count < ColumnLine.mostColumns else { break }
            let bare = name.filter { !ColumnLine.isSpace($0) }
            columns.append(keys.firstIndex(of: bare) ?? -1)
        }
    }
}
