import Glibc
import Vitals

/// Waiting for Ctrl-C or SIGTERM.
///
/// Made before any thread is started, so that all of them inherit the mask and the signals come to `wait` alone.
struct StopSignal {
    private var signals = sigset_t()

    init() {
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// Returns when the process is asked to stop.
    func wait() {
        var signals = signals
        var received: Int32 = 0
        while sigwait(&signals, &received) != 0 {}
    }

    /// Waits no longer than that; whether the process was asked to stop.
    func wait(for span: TimeSpan) -> Bool {
        var signals = signals
        let milliseconds = max(Int(clamping: span.milliseconds), 0)
        var limit = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        return sigtimedwait(&signals, nil, &limit) > 0
    }
}
