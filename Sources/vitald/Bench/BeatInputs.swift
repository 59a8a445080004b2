import Glibc

/// RR intervals and heart rates to run kernels on. The same seed, the same numbers.
struct BeatInputs {
    /// A day of windows of about five minutes.
    static let windows = 288
    static let beats = 349
    /// Hertz the intervals are read at for spectra, and for how long: whole segments in every window.
    static let rate = 4.0
    static let signalLength = 1152
    /// Values a minute apart, for four weeks.
    static let minutes = 40_320

    /// Milliseconds on the grid of heart-rate straps, 1/1024 s: breathing, slow waves and chance.
    let intervals: [[Double]]
    /// Seconds of the beats since the first.
    let times: [[Double]]
    /// The intervals as a line from beat to beat, read evenly, without their mean.
    let signals: [[Double]]
    /// Heart rate by minute: days that resemble each other.
    let series: [Double]

    init() {
        var random = SeededShares()
        intervals = (0..<Self.windows).map { _ in
            var t = 0.0
            return (0..<Self.beats).map { _ in
                let wave = 30 * sin(2 * .pi * 0.25 * t) + 25 * sin(2 * .pi * 0.09 * t)
                let interval = 880 + wave + 40 * (random.next() - 0.5)
                t += interval / 1000
                return (interval * 1.024).rounded() / 1.024
            }
        }
        times = intervals.map { window in
            var t = -window[0] / 1000
            return window.map { interval in
                t += interval / 1000
                return t
            }
        }
        signals = zip(times, intervals).map { times, values in
            var beat = 0
            let line = (0..<Self.signalLength).map { i in
                let t = Double(i) / Self.rate
                while beat + 2 < times.count, times[beat + 1] < t { beat += 1 }
                let share = (t - times[beat]) / (times[beat + 1] - times[beat])
                return values[beat] + share * (values[beat + 1] - values[beat])
            }
            let mean = line.reduce(0, +) / Double(line.count)
            return line.map { $0 - mean }
        }
        var level = 0.0
        series = (0..<Self.minutes).map { i in
            level += random.next() - 0.5 - level * 0.02
            return 70 + level + 8 * sin(2 * .pi * Double(i) / 1440)
        }
    }
}
