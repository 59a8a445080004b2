import Glibc
import Synchronization

/// The two outputs of a command: results on one, progress and log on the other.
final class Console: Sendable {
    let out: TextOutput
    let outTerminal: Terminal
    private let err: TextOutput
    let errTerminal: Terminal
    /// The status line that stands on the terminal, if any.
    private let status = Mutex<String?>(nil)

    init(out: TextOutput, outTerminal: Terminal, err: TextOutput, errTerminal: Terminal) {
        self.out = out
        self.outTerminal = outTerminal
        self.err = err
        self.errTerminal = errTerminal
    }

    /// The process's own stdout and stderr.
    static func standard() -> Console {
        let outTerminal = Terminal(descriptor: STDOUT_FILENO)
        return Console(
            out: TextOutput(descriptor: STDOUT_FILENO, isLive: outTerminal.isTerminal), outTerminal: outTerminal,
            err: TextOutput(descriptor: STDERR_FILENO, isLive: true), errTerminal: Terminal(descriptor: STDERR_FILENO))
    }

    /// Keeps everything instead of printing it.
    static func kept(outTerminal: Terminal = .none, errTerminal: Terminal = .none) -> Console {
        Console(
            out: TextOutput(descriptor: nil), outTerminal: outTerminal, err: TextOutput(descriptor: nil),
            errTerminal: errTerminal)
    }

    /// What `kept()` kept of stderr.
    var log: String { err.pending }

    /// From now on the process goes on when nobody reads its outputs any more: for daemons.
    func outliveReaders() {
        out.outliveReader()
        err.outliveReader()
    }

    /// A line on stderr; a status line stays below it.
    func note(_ text: String) {
        // Names in messages come from files and arguments: no escape sequence of theirs reaches the terminal.
        let line = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { TextWidth.printable(String($0)) }.joined(separator: "\n")
        status.withLock { status in
            guard let standing = status else { return err.line(line) }
            err.write("\r\u{1B}[K\(line)\n\(standing)")
        }
    }

    /// Replaces the one updating line on stderr; does nothing when stderr is not a terminal.
    func show(status line: String) {
        guard let width = errTerminal.width else { return }
        // The last column stays free: some terminals wrap as soon as it is written.
        let line = TextWidth.cut(TextWidth.printable(line), to: width - 1)
        status.withLock { status in
            guard status != line else { return }
            err.write("\r\u{1B}[K\(line)")
            status = line
        }
    }

    /// Takes the status line away.
    func clearStatus() {
        status.withLock { status in
            if status != nil { err.write("\r\u{1B}[K") }
            status = nil
        }
    }

    /// Everything out; called once at the end.
    func finish() throws(CommandError) {
        clearStatus()
        err.flush()
        out.flush()
        guard out.isIntact else {
            throw .failed("the output could not be written: \(String(cString: strerror(errno)))")
        }
    }
}
