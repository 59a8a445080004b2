import Vitals

/// Samples of one series as columns of one length, in order of time unless said otherwise.
struct SampleColumns: Equatable {
    var times: [Int64] = []
    var values: [Float] = []
    /// Milliseconds before its time that a sample covers.
    var spans: [UInt32] = []
    var qualities: [UInt8] = []
    var revisions: [UInt8] = []
    /// Milliseconds from a sample's time to when it was received; wraps for times of centuries apart, and wraps back.
    var delays: [Int64] = []

    var count: Int { times.count }
    var isEmpty: Bool { times.isEmpty }

    mutating func reserve(_ count: Int) {
        times.reserveCapacity(count)
        values.reserveCapacity(count)
        spans.reserveCapacity(count)
        qualities.reserveCapacity(count)
        revisions.reserveCapacity(count)
        delays.reserveCapacity(count)
    }

    mutating func append(_ sample: Sample) {
        times.append(sample.time.milliseconds)
        values.append(sample.value)
        spans.append(sample.span)
        qualities.append(sample.quality.rawValue)
        revisions.append(sample.revision)
        delays.append(sample.received.milliseconds &- sample.time.milliseconds)
    }

    /// Appends some of another's samples.
    mutating func append(_ other: SampleColumns, _ range: Range<Int>) {
        times += other.times[range]
        values += other.values[range]
        spans += other.spans[range]
        qualities += other.qualities[range]
        revisions += other.revisions[range]
        delays += other.delays[range]
    }

    /// Some of the samples.
    subscript(range: Range<Int>) -> SampleColumns {
        if range == 0..<count { return self }
        var part = SampleColumns()
        part.reserve(range.count)
        part.append(self, range)
        return part
    }

    func sample(_ i: Int, of metric: Metric, from source: DeviceID) -> Sample {
        Sample(
            metric: metric, value: values[i], time: Timestamp(milliseconds: times[i]), span: spans[i],
            received: Timestamp(milliseconds: times[i] &+ delays[i]), source: source,
            quality: Quality(rawValue: qualities[i]), revision: revisions[i])
    }

    /// Calls `body` with the samples of a range up to and with time `end`; returns the index behind the last of them.
    func give(
        _ range: Range<Int>, upTo end: Int64, of metric: Metric, from source: DeviceID, _ body: (Sample) -> Void
    ) -> Int {
        // The way of every sample that is read: the range is checked once, not the index in each column.
        let range = range.clamped(to: 0..<count)
        let (times, values, spans) = (self.times.span, self.values.span, self.spans.span)
        let (qualities, revisions, delays) = (self.qualities.span, self.revisions.span, self.delays.span)
        var i = range.lowerBound
        while i < range.upperBound, times[unchecked: i] <= end {
            let time = times[unchecked: i]
            body(
                Sample(
                    metric: metric, value: values[unchecked: i], time: Timestamp(milliseconds: time),
                    span: spans[unchecked: i], received: Timestamp(milliseconds: time &+ delays[unchecked: i]),
                    source: source, quality: Quality(rawValue: qualities[unchecked: i]),
                    revision: revisions[unchecked: i]))
            i += 1
        }
        return i
    }

    func trait(_ i: Int) -> SampleTrait {
        SampleTrait(delay: delays[i], span: spans[i], quality: qualities[i], revision: revisions[i])
    }

    /// Whether each time is later than the one before. A loop without branches.
    var hasIncreasingTimes: Bool {
        times.withUnsafeBufferPointer { times in
            var isIncreasing = true
            for i in times.indices.dropFirst() { isIncreasing = (times[i] > times[i - 1]) && isIncreasing }
            return isIncreasing
        }
    }

    /// The index of the first sample not before `time`. O(log n).
    func index(notBefore time: Int64) -> Int { index(notBefore: time, in: 0..<count) }

    /// The same, known to lie in a range or at its end.
    func index(notBefore time: Int64, in range: Range<Int>) -> Int {
        times.firstIndex(in: range) { $0 < time }
    }

    /// Both together in order of time. Of two samples of one time the higher revision stays; of equal ones this one's,
    /// so that it does not matter what came first or how often.
    func merged(with other: SampleColumns) -> SampleColumns {
        guard let first = other.times.first else { return self }
        guard let last = times.last else { return other }
        var merged = SampleColumns()
        merged.reserve(count + other.count)
        if last < first {
            merged.append(self, 0..<count)
            merged.append(other, 0..<other.count)
            return merged
        }
        var i = index(notBefore: first)
        merged.append(self, 0..<i)
        var k = 0
        while k < other.count {
            let time = other.times[k]
            // What lies between goes over at once: late samples are few.
            let next = i < count && times[i] < time ? index(notBefore: time) : i
            merged.append(self, i..<next)
            i = next
            if i < count, times[i] == time {
                let wins = other.revisions[k] > revisions[i]
                if wins { merged.append(other, k..<k + 1) } else { merged.append(self, i..<i + 1) }
                i += 1
            } else {
                merged.append(other, k..<k + 1)
            }
            k += 1
        }
        merged.append(self, i..<count)
        return merged
    }
}
