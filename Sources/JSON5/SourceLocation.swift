/// A place in a source text: what an editor shows as "line 3, column 7".
///
/// A line ends at LF, CR LF or a CR alone, as editors count; U+2028 and U+2029 end a JSON5 comment but not a line.
public struct SourceLocation: Hashable, Sendable {
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in Unicode scalars (a tab is one column).
    public var column: Int
    /// The distance from the beginning of the text in UTF-8 bytes, from 0.
    public var offset: Int

    public init(line: Int, column: Int, offset: Int) {
        self.line = line
        self.column = column
        self.offset = offset
    }

    /// The first character of a text: line 1, column 1, offset 0.
    public static let start = SourceLocation(line: 1, column: 1, offset: 0)
}

extension SourceLocation: Comparable {
    /// Orders places of the same text by offset.
    public static func < (left: SourceLocation, right: SourceLocation) -> Bool { left.offset < right.offset }
}

extension SourceLocation: CustomStringConvertible {
    /// `line:column`, as compilers print it.
    public var description: String { "\(line):\(column)" }
}
