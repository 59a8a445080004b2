/// The times of a series' newest samples, to recognise what was already taken.
struct SampleTimes: Sendable {
    /// At most 16 KB a source: 17 minutes at 1 Hz, 17 hours at one a minute. What is older is judged by its pane.
    static let capacity = 1024

    private var times: [Int64] = []
    /// Where the oldest kept time lies.
    private var head = 0

    var newest: Int64? { times.last }
    private var live: ArraySlice<Int64> { times[head...] }

    enum Verdict { case new, known, beyondMemory }

    /// Whether a sample at `time` was taken before; nothing before `horizon` is remembered.
    func judge(_ time: Int64, horizon: Int64) -> Verdict {
        guard let last = times.last, time <= last else { return .new }
        if time == last { return .known }
        if time < horizon { return .beyondMemory }
        if times.count - head >= Self.capacity, time < times[head] { return .beyondMemory }
        let index = place(of: time)
        return index < times.count && times[index] == time ? .known : .new
    }

    mutating func insert(_ time: Int64) {
        if let last = times.last, time < last {
            let full = times.count - head >= Self.capacity
            if full, time < times[head] { return }
            times.insert(time, at: place(of: time))
        } else {
            times.append(time)
        }
        if times.count - head > Self.capacity { head += 1 }
        if head >= Self.capacity {
            times.removeFirst(head)
            head = 0
        }
    }

    /// The first remembered time in `[from, to)`, and whether memory reaches back to `from`.
    func first(from: Int64, to: Int64) -> Int64? {
        let index = place(of: from)
        guard index < times.count, times[index] < to, index > head || times.count - head < Self.capacity else {
            return nil
        }
        return times[index]
    }

    /// Index of the first time that is not before `time`.
    private func place(of time: Int64) -> Int {
        var low = head
        var high = times.count
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
