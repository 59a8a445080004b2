/// Why a command ended without doing its work: the line that goes to stderr, and the exit code.
struct CommandError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The raw value is the process's exit code.
    enum Code: Int32, Sendable {
        /// The command was understood and could not be done.
        case failed = 1
        /// The command line was not understood.
        case usage = 2
    }

    var code: Code
    /// What is wrong, in one line.
    var message: String
    /// A suggestion: "did you mean '--store'?".
    var hint: String?

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func usage(_ message: String, hint: String? = nil) -> CommandError {
        CommandError(.usage, message, hint: hint)
    }

    static func failed(_ message: String, hint: String? = nil) -> CommandError {
        CommandError(.failed, message, hint: hint)
    }

    var description: String { hint.map { "\(message); \($0)" } ?? message }
}
