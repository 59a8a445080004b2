/// Why a file of measurements cannot be read, where, and what to do about it.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No such file, or one that may not be read.
        case unreadable
        /// Beyond `SampleFile.largestSize`.
        case tooLarge
        /// Not a text file: an archive, UTF-16, binary.
        case notText
        /// No column tells the time.
        case noTime
        /// No column holds a known metric.
        case noMetric
        /// An option does not fit the file, or names something that does not exist.
        case badOption
        /// Elapsed times or plain intervals, and no start was given.
        case noStart
        /// Not one row could be used.
        case noRows
    }

    public var code: Code
    public var path: String
    /// 1-based; 0 when the error is about the whole file.
    public var line: Int
    /// 1-based column of the text, in bytes; 0 when the error is about the whole line.
    public var column: Int
    /// What was expected and what to do about it.
    public var message: String

    public init(_ code: Code, path: String, line: Int = 0, column: Int = 0, _ message: String) {
        self.code = code
        self.path = path
        self.line = line
        self.column = column
        self.message = message
    }

    public var description: String {
        line == 0 ? "\(path): \(message)" : "\(path):\(line):\(max(column, 1)): \(message)"
    }
}
