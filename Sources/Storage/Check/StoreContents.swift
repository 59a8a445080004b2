import Vitals

/// In which way two stores differ in content, in one line, or `nil` when they are equal.
///
/// Equal means: the same people, samples (measured and derived), events and component states, whatever the stores'
/// identity, sequence numbers and commit boundaries, and whatever of them rests already: when a sample was received counts
/// for late ones only (``ChunkCodec``). Devices, assignments, commands and outbox do not count: they say how the content
/// came about.
///
/// Reads all samples of both stores once, in constant memory; where they differ, the range is halved until the first
/// difference is found.
public func contentsDifference(_ a: Store, _ b: Store) throws(StoreError) -> String? {
    let people = (try a.people().byID(), try b.people().byID())
    if let id = firstDifference(people.0, people.1) {
        return "person \(id): \(phrase(people.0[id] != nil, people.1[id] != nil))"
    }
    let series = (try a.series(of: nil).byKey(), try b.series(of: nil).byKey())
    if let key = firstDifference(series.0, series.1) {
        let (left, right) = (series.0[key], series.1[key])
        return "\(key.metric.name) of \(key.person) from \(key.source): \(describe(left)) against \(describe(right))"
    }
    for person in Set(series.0.keys.map(\.person)).sorted() {
        for metric in Set(series.0.keys.filter { $0.person == person }.map(\.metric)).sorted(by: {
            $0.rawValue < $1.rawValue
        }) {
            let comparison = SampleComparison(a: a, b: b, person: person, metric: metric)
            if let difference = try comparison.firstDifference(in: .all) { return difference }
        }
    }
    let events = (try a.events(EventFilter()).byID(), try b.events(EventFilter()).byID())
    if let id = firstDifference(events.0, events.1) {
        let event = events.0[id] ?? events.1[id]
        return "event \(id) (\(event?.rule ?? "")): \(phrase(events.0[id] != nil, events.1[id] != nil))"
    }
    let owners: [PersonID?] = Set(people.0.keys).union(series.0.keys.map(\.person)).sorted() + [nil]
    for owner in owners {
        let states = (try a.states(of: owner).byComponent(), try b.states(of: owner).byComponent())
        if let component = firstDifference(states.0, states.1) {
            let name = owner.map { "\($0)" } ?? "the hub"
            return "state \(component) of \(name): \(phrase(states.0[component] != nil, states.1[component] != nil))"
        }
    }
    return nil
}

private func phrase(_ inFirst: Bool, _ inSecond: Bool) -> String {
    inFirst ? (inSecond ? "not the same in both" : "only in the first") : "only in the second"
}

private func describe(_ summary: SeriesSummary?) -> String {
    guard let summary else { return "nothing" }
    return "\(summary.count) samples, \(summary.first.milliseconds) to \(summary.last.milliseconds)"
}

/// The smallest key whose values differ.
private func firstDifference<Key: Comparable, Value: Equatable>(_ a: [Key: Value], _ b: [Key: Value]) -> Key? {
    let keys = Set(a.keys).union(b.keys)
    return keys.filter { a[$0] != b[$0] }.min()
}

extension [Person] {
    fileprivate func byID() -> [PersonID: Person] { Dictionary(map { ($0.id, $0) }) { first, _ in first } }
}

extension [Event] {
    fileprivate func byID() -> [EventID: Event] { Dictionary(map { ($0.id, $0) }) { first, _ in first } }
}

extension [SeriesSummary] {
    fileprivate func byKey() -> [SeriesKey: SeriesSummary] { Dictionary(map { ($0.key, $0) }) { first, _ in first } }
}

extension [ComponentState] {
    fileprivate func byComponent() -> [String: ComponentState] {
        Dictionary(map { ($0.component, $0) }) { first, _ in first }
    }
}

/// Compares one metric of one person in two stores.
private struct SampleComparison {
    let a: Store
    let b: Store
    let person: PersonID
    let metric: Metric

    /// A fingerprint of samples in their order.
    private struct Digest: Equatable {
        var count = 0
        var first = Int64.max
        var last = Int64.min
        private var high: UInt64 = 0xCBF2_9CE4_8422_2325
        private var low: UInt64 = 0x9E37_79B9_7F4A_7C15

        mutating func add(_ sample: Sample) {
            count += 1
            first = min(first, sample.time.milliseconds)
            last = max(last, sample.time.milliseconds)
            mix(UInt64(bitPattern: sample.time.milliseconds))
            mix(UInt64(bitPattern: sample.received.milliseconds))
            // Zero has two signs that compare equal, and NaN many patterns: each is one here.
            mix(
                UInt64(sample.value.isNaN ? Float.nan.bitPattern : (sample.value + 0).bitPattern) << 32
                    | UInt64(sample.span))
            mix(UInt64(sample.metric.rawValue) << 16 | UInt64(sample.quality.rawValue) << 8 | UInt64(sample.revision))
            mix(sample.source.high)
            mix(sample.source.low)
        }

        /// Two multiply-and-rotate lanes (the constants are FNV's prime and the golden ratio's): enough against chance.
        private mutating func mix(_ word: UInt64) {
            high = (high ^ word) &* 0x0000_0100_0000_01B3
            high = high << 31 | high >> 33
            low = (low ^ word) &* 0x9E37_79B9_7F4A_7C15
            low = low << 27 | low >> 37
        }
    }

    private static let comparedDirectly = 4096

    private func digest(_ store: Store, _ range: TimeRange) throws(StoreError) -> Digest {
        var digest = Digest()
        try store.samples(of: person, metrics: [metric], in: range) { digest.add($0.atRest) }
        return digest
    }

    func firstDifference(in range: TimeRange) throws(StoreError) -> String? {
        let (left, right) = (try digest(a, range), try digest(b, range))
        if left == right { return nil }
        let first = min(left.first, right.first)
        let last = max(left.last, right.last)
        let middle = first / 2 + last / 2
        guard max(left.count, right.count) > Self.comparedDirectly, first < middle else {
            return try directDifference(in: range)
        }
        let half = Timestamp(milliseconds: middle)
        if let difference = try firstDifference(in: TimeRange(range.start, half)) { return difference }
        return try firstDifference(in: TimeRange(half, range.end))
    }

    private func directDifference(in range: TimeRange) throws(StoreError) -> String? {
        var left: [Sample] = []
        var right: [Sample] = []
        try a.samples(of: person, metrics: [metric], in: range) { left.append($0.atRest) }
        try b.samples(of: person, metrics: [metric], in: range) { right.append($0.atRest) }
        for i in 0..<max(left.count, right.count) {
            let (x, y) = (i < left.count ? left[i] : nil, i < right.count ? right[i] : nil)
            if let x, let y, areSame(x, y) { continue }
            return "\(metric.name) of \(person): \(describe(x)) against \(describe(y))"
        }
        return nil
    }

    /// Equality, with NaN equal to itself.
    private func areSame(_ x: Sample, _ y: Sample) -> Bool {
        guard x.value.isNaN, y.value.isNaN else { return x == y }
        var (x, y) = (x, y)
        x.value = 0
        y.value = 0
        return x == y
    }

    private func describe(_ sample: Sample?) -> String {
        guard let sample else { return "nothing" }
        let names = sample.quality.names.joined(separator: "+")
        return "\(sample.value) at \(sample.time.milliseconds) (revision \(sample.revision), span \(sample.span), "
            + "received \(sample.received.milliseconds)\(names.isEmpty ? "" : ", \(names)"))"
    }
}
