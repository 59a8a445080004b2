import Glibc
import Synchronization

/// Text on its way to a file descriptor, in large writes.
///
/// When the reader has closed the pipe, the process ends quietly: nobody wants the rest. A daemon has other work than
/// what it prints (the journal may be restarted under it) and goes on, see `outliveReader`.
final class TextOutput: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var failed = false
        var outlivesReader = false
    }

    /// Pages of a pipe's buffer: fewer, larger writes gain nothing.
    private static let flushSize = 1 << 16

    /// Where it goes; nil keeps everything, for tests.
    let descriptor: Int32?
    /// Lines leave as they come, because someone is reading along.
    private let isLive: Bool
    private let state = Mutex(State())

    init(descriptor: Int32?, isLive: Bool = false) {
        self.descriptor = descriptor
        self.isLive = isLive
    }

    func write(_ text: String) {
        state.withLock { state in
            state.bytes.append(contentsOf: text.utf8)
            if isLive || state.bytes.count >= TextOutput.flushSize { send(&state) }
        }
    }

    /// Bytes as they are.
    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            state.bytes += bytes
            if isLive || state.bytes.count >= TextOutput.flushSize { send(&state) }
        }
    }

    func line(_ text: String = "") { write(text + "\n") }

    func flush() { state.withLock { send(&$0) } }

    /// From now on a closed pipe swallows the text instead of ending the process.
    func outliveReader() { state.withLock { $0.outlivesReader = true } }

    /// Whether everything written so far reached the descriptor.
    var isIntact: Bool { state.withLock { !$0.failed } }

    /// What was written and has not left: with no descriptor, everything.
    var pending: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    private func send(_ state: inout State) {
        guard let descriptor else { return }
        var start = 0
        state.bytes.withUnsafeBytes { bytes in
            while start < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
                if count >= 0 {
                    start += count
                } else if errno == EPIPE {
                    if state.outlivesReader { break }
                    // The reader has seen enough (`vitald … | head`). `_exit`: other threads may still run.
                    _exit(0)
                } else if errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wait, 1, -1)
                } else if errno != EINTR {
                    state.failed = true
                    break
                }
            }
        }
        state.bytes.removeAll(keepingCapacity: true)
    }
}
