/// Samples of one series that are in the journal and not yet in chunks, in the order in which they came.
///
/// Traits are kept as runs: a large house holds an hour of thousands of series.
struct FreshSeries {
    private var times: [Int64] = []
    private var values: [Float] = []
    private var traits: [SampleTrait] = []
    /// The number of samples up to the end of each run of a trait.
    private var ends: [Int] = []
    /// Whether times increase strictly. Late and corrected samples end that until they are sealed.
    private(set) var isInOrder = true
    /// The last place of each time, made when times stop increasing.
    private var places: [Int64: Int] = [:]

    var count: Int { times.count }

    /// - Parameter place: among its kind. Series that grow together would outgrow their memory together, all at one commit,
    ///   if they did not begin with different sizes.
    init(place: Int = 0) {
        times.reserveCapacity(8 + place % 8)
        values.reserveCapacity(8 + place % 8)
    }

    /// Appends many samples, in the order in which they came; their traits are numbers in `all`.
    mutating func append(_ arrivals: UnsafeBufferPointer<FreshSamples.Arrival>, _ all: [SampleTrait]) {
        var last = times.last
        let isIncreasing =
            isInOrder
            && arrivals.allSatisfy { arrival in
                defer { last = arrival.time }
                return last.map { $0 < arrival.time } ?? true
            }
        guard isIncreasing else {
            for arrival in arrivals { append(arrival.time, arrival.value, all[Int(arrival.trait)]) }
            return
        }
        makeRoom(for: arrivals.count)
        times.append(contentsOf: arrivals.lazy.map(\.time))
        values.append(contentsOf: arrivals.lazy.map(\.value))
        var start = 0
        while start < arrivals.count {
            // Mostly one run from the first to the last.
            let number = arrivals[start].trait
            var end = start + 1
            while end < arrivals.count, arrivals[end].trait == number { end += 1 }
            appendRun(of: all[Int(number)], end - start)
            start = end
        }
    }

    /// Grows by a quarter. Doubling, as arrays do, would leave a third of a large house's memory unused.
    private mutating func makeRoom(for number: Int) {
        let needed = times.count + number
        guard needed > times.capacity else { return }
        times.reserveCapacity(needed + needed / 4)
        values.reserveCapacity(needed + needed / 4)
    }

    private mutating func appendRun(of trait: SampleTrait, _ length: Int) {
        if let last = traits.last, last == trait {
            ends[ends.count - 1] += length
        } else {
            traits.append(trait)
            ends.append((ends.last ?? 0) + length)
        }
    }

    mutating func append(_ time: Int64, _ value: Float, _ trait: SampleTrait) {
        if isInOrder, let last = times.last, time <= last {
            isInOrder = false
            for (i, time) in times.enumerated() { places[time] = i }
        }
        if !isInOrder { places[time] = times.count }
        times.append(time)
        values.append(value)
        appendRun(of: trait, 1)
    }

    /// Forgets the `count` that came first, which rest in chunks now.
    mutating func forget(first count: Int) {
        guard count > 0 else { return }
        let rest = count < times.count ? arriving(count..<times.count) : SampleColumns()
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        traits.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        places = [:]
        isInOrder = true
        for i in 0..<rest.count { append(rest.times[i], rest.values[i], rest.trait(i)) }
    }

    /// The revision of the sample of that time; `nil` where there is none. O(log n), or O(1) once out of order.
    func revision(at time: Int64) -> UInt8? {
        if !isInOrder { return places[time].map { trait(of: $0).revision } }
        guard let last = times.last, time <= last else { return nil }
        let place = times.firstIndex(in: times.indices) { $0 < time }
        return place < times.count && times[place] == time ? trait(of: place).revision : nil
    }

    private func trait(of place: Int) -> SampleTrait { traits[ends.firstIndex(in: ends.indices) { $0 <= place }] }

    /// Some samples as columns, in the order in which they came.
    private func arriving(_ range: Range<Int>) -> SampleColumns {
        var columns = SampleColumns()
        columns.reserve(range.count)
        columns.times += times[range]
        columns.values += values[range]
        var start = 0
        for (trait, end) in zip(traits, ends) {
            let length = min(end, range.upperBound) - max(start, range.lowerBound)
            start = end
            guard length > 0 else { continue }
            columns.spans.append(contentsOf: repeatElement(trait.span, count: length))
            columns.qualities.append(contentsOf: repeatElement(trait.quality, count: length))
            columns.revisions.append(contentsOf: repeatElement(trait.revision, count: length))
            columns.delays.append(contentsOf: repeatElement(trait.delay, count: length))
        }
        return columns
    }

    /// The first `count` samples in order of time; of those of one time the one of the highest revision.
    func columns(first count: Int) -> SampleColumns {
        let columns = arriving(0..<count)
        guard !isInOrder else { return columns }
        // Which of one time came first does not matter where their revisions are the same: then the store took one.
        let order = columns.times.indices.sorted {
            columns.times[$0] != columns.times[$1]
                ? columns.times[$0] < columns.times[$1] : columns.revisions[$0] > columns.revisions[$1]
        }
        var sorted = SampleColumns()
        sorted.reserve(count)
        for i in order where sorted.times.last != columns.times[i] { sorted.append(columns, i..<i + 1) }
        return sorted
    }

    /// Those with times in a range, in order of time.
    func columns(from start: Int64, to end: Int64) -> SampleColumns {
        let all = columns(first: count)
        let low = all.index(notBefore: start)
        return all[low..<max(low, all.index(notBefore: end))]
    }
}
