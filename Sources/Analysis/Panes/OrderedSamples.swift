import Kernels

/// The samples of the last hour in order of time, for medians, quantiles and heartbeats. Kept only for metrics that a feature asks
/// for.
struct OrderedSamples: Sendable {
    static let memory: Int64 = 3_600_000
    /// An hour at 4.5 Hz. Above that the window shrinks, and what it misses makes the value unknown.
    static let capacity = 16_384

    /// Nothing before was kept.
    private(set) var since: Int64
    private var times: [Int64] = []
    private var values: [Float] = []
    private var head = 0

    init(since: Int64) { self.since = since }

    mutating func insert(_ value: Float, at time: Int64) {
        if let last = times.last, time < last {
            guard head == times.count || time >= times[head] || times.count - head < Self.capacity else { return }
            let place = place(of: time + 1)
            times.insert(time, at: place)
            values.insert(value, at: place)
        } else {
            times.append(time)
            values.append(value)
        }
        if times.count - head > Self.capacity {
            since = Swift.max(since, times[head] + 1)
            head += 1
        }
    }

    /// Forgets what no window reads any more.
    mutating func forget(before time: Int64) {
        while head < times.count, times[head] < time { head += 1 }
        if head > 1024, head * 2 > times.count {
            times.removeFirst(head)
            values.removeFirst(head)
            head = 0
        }
    }

    private func place(of time: Int64) -> Int {
        var low = head
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The values in `[from, to)`.
    func values(from: Int64, to: Int64) -> ArraySlice<Float> { samples(from: from, to: to).values }

    /// Times and values in `[from, to)`.
    func samples(from: Int64, to: Int64) -> (times: ArraySlice<Int64>, values: ArraySlice<Float>) {
        let a = place(of: from)
        let range = a..<Swift.max(a, place(of: to))
        return (times[range], values[range])
    }

    /// Linear interpolation between the two nearest values (type 7 of Hyndman & Fan 1996); `nil` for no values.
    static func quantile(_ share: Double, of values: some Collection<Float>) -> Double? {
        Selection.quantile(share, of: values)
    }
}
