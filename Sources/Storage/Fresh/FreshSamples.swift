/// The samples of the journal, by series: what rests in no chunk yet.
///
/// A commit adds its samples as they come. They are sorted into their series later, many at a time: in a house of
/// thousands, a sample appended to its own series finds nothing of that in the processor's caches.
struct FreshSamples {
    /// A sample that waits to be sorted into its series. Traits are few: each is kept once, by number.
    struct Arrival {
        var time: Int64
        var value: Float
        var place: Int32
        var trait: Int32
    }

    /// Samples that wait, before they are sorted without being asked: so many that in a house of thousands of series each
    /// gets dozens at a time, so few that it takes milliseconds.
    static let mostWaiting = 1 << 16

    private(set) var series: [FreshSeries] = []
    /// Place of a series by its row id.
    private var places: [Int64: Int] = [:]
    /// Row id of a series by its place.
    private var ids: [Int64] = []
    private var arrivals: [Arrival] = []
    private var traits: [SampleTrait] = []
    /// How many of `arrivals` are in the journal; those behind them belong to the commit under way.
    private(set) var waitingCount = 0
    /// All samples of the journal.
    private(set) var count = 0

    /// The place of the series with that row id, made when it is new.
    mutating func place(of id: Int64) -> Int {
        if let place = places[id] { return place }
        places[id] = series.count
        ids.append(id)
        series.append(FreshSeries(place: series.count))
        return series.count - 1
    }

    /// The same, where ids mostly follow one another.
    mutating func place(of id: Int64, after place: Int) -> Int {
        let next = place + 1
        if next < ids.count, ids[next] == id { return next }
        return self.place(of: id)
    }

    /// Forgets a series that holds nothing; it is the last one.
    mutating func removeLast(_ id: Int64) {
        guard let place = places.removeValue(forKey: id), place == series.count - 1 else { return }
        series.removeLast()
        ids.removeLast()
    }

    // MARK: Samples that come

    /// Adds a sample of the commit under way, to be kept or undone with it.
    @inline(__always) mutating func add(_ time: Int64, _ value: Float, _ trait: SampleTrait, at place: Int) {
        arrivals.append(
            Arrival(time: time, value: value, place: Int32(truncatingIfNeeded: place), trait: number(of: trait)))
    }

    /// Looks at the latest ones only: the same trait may have several numbers.
    @inline(__always) private mutating func number(of trait: SampleTrait) -> Int32 {
        var place = traits.count
        while place > 0, place > traits.count - 4 {
            place -= 1
            if traits[place] == trait { return Int32(truncatingIfNeeded: place) }
        }
        traits.append(trait)
        return Int32(truncatingIfNeeded: traits.count - 1)
    }

    /// What was added is in the journal.
    mutating func keep() {
        count += arrivals.count - waitingCount
        waitingCount = arrivals.count
    }

    /// What was added since the last ``keep()`` never was.
    mutating func undo() { arrivals.removeSubrange(waitingCount...) }

    /// The samples of the commit under way, by place.
    func underWay() -> [Int: FreshSeries] {
        var found: [Int: FreshSeries] = [:]
        for arrival in arrivals[waitingCount...] {
            found[Int(arrival.place), default: FreshSeries()].append(
                arrival.time, arrival.value, traits[Int(arrival.trait)])
        }
        return found
    }

    /// Sorts what waits into its series, each series at a time, in the order in which it came. O(samples + series).
    mutating func sort() {
        guard waitingCount > 0 else { return }
        var ends = [Int](repeating: 0, count: series.count + 1)
        for arrival in arrivals[..<waitingCount] { ends[Int(arrival.place) + 1] += 1 }
        for i in 1..<ends.count { ends[i] += ends[i - 1] }
        var next = ends
        let sorted = [Arrival](unsafeUninitializedCapacity: waitingCount) { sorted, initialized in
            for arrival in arrivals[..<waitingCount] {
                let place = Int(arrival.place)
                sorted.initializeElement(at: next[place], to: arrival)
                next[place] += 1
            }
            initialized = waitingCount
        }
        sorted.withUnsafeBufferPointer { sorted in
            for place in series.indices where ends[place] < ends[place + 1] {
                series[place].append(UnsafeBufferPointer(rebasing: sorted[ends[place]..<ends[place + 1]]), traits)
            }
        }
        arrivals.removeSubrange(..<waitingCount)
        waitingCount = 0
        if arrivals.isEmpty { traits.removeAll(keepingCapacity: true) }
    }

    // MARK: By series

    /// The sorted samples of a series; `nil` when it has none.
    func samples(of id: Int64) -> FreshSeries? {
        guard let place = places[id], series[place].count > 0 else { return nil }
        return series[place]
    }

    mutating func forget(first number: Int, at place: Int) {
        series[place].forget(first: number)
        count -= number
    }

    mutating func removeAll() { self = FreshSamples() }
}
