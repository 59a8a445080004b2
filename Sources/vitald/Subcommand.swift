/// One command of `vitald`: what it accepts and what it does.
///
/// `run` throws untyped because it meets the errors of every room; `Vitald` turns all of them into one line on stderr
/// and an exit code.
protocol Subcommand: SendableMetatype {
    static var syntax: Syntax { get }
    static func run(_ arguments: Arguments, on console: Console) throws
}
