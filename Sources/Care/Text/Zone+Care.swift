import Vitals

extension Zone {
    /// The first moment after a local day.
    func end(of day: LocalDay) -> Timestamp { start(of: day + 1) }

    /// Local time of day, `HH:MM`.
    func clock(_ time: Timestamp) -> String {
        let minutes = timeOfDay(time).milliseconds / 60_000
        func two(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return "\(two(minutes / 60)):\(two(minutes % 60))"
    }
}
