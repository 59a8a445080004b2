import Glibc

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
}
