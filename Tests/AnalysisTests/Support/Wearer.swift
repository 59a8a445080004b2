import Vitals

@testable import Analysis

/// A person's day as a wristband tells it: heart rate every ten seconds, steps by the minute.
struct Wearer {
    var samples: [Sample] = []
    let midnight: Timestamp

    init(_ midnight: Timestamp = monday) { self.midnight = midnight }

    /// `09:30` → minutes since midnight; hours may go beyond 24.
    static func minute(_ clock: String) -> Int64 {
        let parts = clock.split(separator: ":").compactMap { Int64($0) }
        return parts[0] * 60 + parts[1]
    }

    /// From one clock time to another: a heart rate, and steps a minute; `nil`: not measured.
    mutating func wears(_ from: String, _ to: String, heart: Float?, steps: Float?) {
        wears(from, to, heart: { _ in heart }, steps: { _ in steps })
    }

    /// The same with rates by the second (heart) and the minute (steps) since `from`.
    mutating func wears(
        _ from: String, _ to: String, every seconds: Int64 = 10, heart: (Int64) -> Float?, steps: (Int64) -> Float?
    ) {
        let first = Self.minute(from)
        for minute in first..<Self.minute(to) {
            let start = midnight + minute * 60
            for second in stride(from: Int64(0), to: 60, by: Int(seconds)) {
                guard let value = heart((minute - first) * 60 + second) else { continue }
                let time = start + second
                samples.append(Sample(metric: .heartRate, value: value, time: time, received: time, source: strap))
            }
            if let value = steps(minute - first) {
                let end = start + 60
                samples.append(
                    Sample(metric: .steps, value: value, time: end, span: 60_000, received: end, source: watch))
            }
        }
    }

    func analysis(_ settings: AnalysisSettings = AnalysisSettings()) throws -> FileAnalysis {
        try FileAnalysis(
            samples.sorted { ($0.received, $0.metric.rawValue) < ($1.received, $1.metric.rawValue) }, person: ana,
            settings: settings)
    }
}

extension FileAnalysis {
    /// Values of a series as `2026-03-02 23:00 = 61`, UTC.
    func told(_ metric: Metric) -> [String] {
        derived.filter { $0.metric == metric }.map { sample in
            let clock = ISO8601.format(sample.time).prefix(16).split(separator: "T").joined(separator: " ")
            let value = (Double(sample.value) * 10).rounded() / 10
            return "\(clock) = \(value == value.rounded() ? "\(Int(value))" : "\(value)")"
        }
    }
}
