import Vitals

/// What a store should do, in arrays and dictionaries.
final class ModelStore: Store {
    let identity = StoreIdentity(hub: HubID(high: 1, low: 2), epoch: 0)
    private(set) var sequence: UInt64 = 0
    private struct Place: Hashable {
        var key: SeriesKey
        var time: Timestamp
    }
    private struct StateKey: Hashable {
        var person: PersonID?
        var component: String
    }
    private struct Wearing: Hashable {
        var device: DeviceID
        var user: UInt8
        var from: Timestamp
    }
    private var samples: [Place: Sample] = [:]
    private var events: [Event] = []
    private var items: [OutboxItem] = []
    private var states: [StateKey: ComponentState] = [:]
    private var applications: Set<CommandID> = []
    private var personByID: [PersonID: Person] = [:]
    private var deviceByID: [DeviceID: Device] = [:]
    private var wearings: [Wearing: Assignment] = [:]
    private var applied: [(sequence: UInt64, command: AppliedCommand)] = []
    private var written: [RecordID: Record] = [:]
    private var following: [String: Follower] = [:]
    private var kept: [UInt64: Commit] = [:]

    func commit(_ commit: Commit) throws(StoreError) -> UInt64 {
        for batch in commit.samples {
            for sample in batch.samples {
                let key = SeriesKey(person: batch.person, metric: sample.metric, source: sample.source)
                let place = Place(key: key, time: sample.time)
                if let old = samples[place], old.revision >= sample.revision { continue }
                samples[place] = sample
            }
        }
        for event in commit.events where !events.contains(where: { $0.id == event.id }) { events.append(event) }
        for item in commit.outbox
        where !items.contains(where: { $0.event == item.event && $0.recipient == item.recipient }) {
            items.append(item)
        }
        for state in commit.states { states[StateKey(person: state.person, component: state.component)] = state }
        for applied in commit.commands where applications.insert(applied.command.id).inserted {
            self.applied.append((sequence + 1, applied))
        }
        for person in commit.people { personByID[person.id] = person }
        for device in commit.devices { deviceByID[device.id] = device }
        for assignment in commit.assignments {
            wearings[Wearing(device: assignment.device, user: assignment.deviceUser, from: assignment.from)] =
                assignment
        }
        for record in commit.records where record.revision > written[record.id]?.revision ?? 0 {
            written[record.id] = record
        }
        sequence += 1
        if !following.isEmpty { kept[sequence] = commit }
        return sequence
    }

    func people() -> [Person] { personByID.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) } }
    func devices() -> [Device] { deviceByID.values.sorted { ($0.name, $0.id) < ($1.name, $1.id) } }
    func assignments() -> [Assignment] {
        wearings.values.sorted { ($0.device, $0.deviceUser, $0.from) < ($1.device, $1.deviceUser, $1.from) }
    }
    func states(of person: PersonID?) -> [ComponentState] {
        states.values.filter { $0.person == person }.sorted { $0.component < $1.component }
    }
    func hasApplied(_ command: CommandID) -> Bool { applications.contains(command) }

    func series(of person: PersonID?) -> [SeriesSummary] {
        let wanted = samples.keys.filter { person == nil || $0.key.person == person }
        return Dictionary(grouping: wanted, by: \.key).map { key, places in
            let times = places.map(\.time).sorted()
            return SeriesSummary(key: key, count: times.count, first: times[0], last: times[times.count - 1])
        }.sorted { $0.key < $1.key }
    }

    func samples(of person: PersonID, metrics: Set<Metric>, in range: TimeRange, _ body: (Sample) -> Void) {
        samples.filter { place, _ in
            place.key.person == person && (metrics.isEmpty || metrics.contains(place.key.metric))
                && range.contains(place.time)
        }.values.sorted {
            ($0.time, $0.metric.rawValue, $0.source) < ($1.time, $1.metric.rawValue, $1.source)
        }.forEach(body)
    }

    /// From the samples and nothing else.
    func aggregates(of person: PersonID?, metrics: Set<Metric>, in buckets: TimeBuckets) -> [SeriesAggregates] {
        var series: [SeriesKey: [Sample]] = [:]
        for (place, sample) in samples
        where (person == nil || place.key.person == person) && (metrics.isEmpty || metrics.contains(place.key.metric))
            && sample.quality.isDisjoint(with: .unusable) && sample.value.isFinite
        {
            series[place.key, default: []].append(sample)
        }
        return series.compactMap { key, samples in
            let usable = samples.sorted { $0.time < $1.time }
            var sums = SeriesAggregates(
                key: key, aggregates: [Aggregate](repeating: Aggregate(), count: buckets.count))
            var bucket = 0
            for (sample, covered) in zip(usable, Self.covered(by: usable, key.metric.kind)) {
                while bucket < buckets.count - 1, sample.time >= buckets[bucket].end { bucket += 1 }
                if buckets[bucket].contains(sample.time) {
                    sums.aggregates[bucket].add(sample.value, covered: covered)
                }
            }
            return sums.aggregates.allSatisfy(\.isEmpty) ? nil : sums
        }.sorted { $0.key < $1.key }
    }

    /// What each of a series' usable samples covers, in milliseconds (``Aggregate/covered``).
    private static func covered(by usable: [Sample], _ kind: Metric.Kind) -> [Int64] {
        let quarters = usable.map {
            max(Int64(Int32.min), $0.time.floored(to: .minutes(15)).milliseconds / 900_000)
        }
        let distances: [Double?] = usable.indices.map { i in
            guard i > 0, quarters[i] == quarters[i - 1] else { return nil }
            return Double((usable[i].time - usable[i - 1].time).milliseconds)
        }
        let near = Dictionary(grouping: usable.indices.filter { distances[$0] ?? .infinity <= 300_000 }) {
            quarters[$0]
        }
        let usual = near.mapValues { $0.reduce(0) { $0 + (distances[$1] ?? 0) } / Double($0.count) }
        return usable.indices.map { i in
            if kind == .increment { return min(Int64(usable[i].span), distances[i].map { Int64($0) } ?? .max) }
            let usual = usual[quarters[i]] ?? 0
            guard i + 1 < usable.count, let next = distances[i + 1] else { return Int64(usual) }
            return min(Int64(min(max(2.5 * usual, 5000), 300_000)), Int64(next))
        }
    }

    func events(_ filter: EventFilter) -> [Event] {
        let matching = events.enumerated().filter { _, event in
            (filter.person == nil || event.person == filter.person) && (filter.kind == nil || event.kind == filter.kind)
                && filter.range.contains(event.decided)
        }.sorted { ($0.element.decided, $0.offset) < ($1.element.decided, $1.offset) }.map(\.element)
        return filter.limit.map { matching.suffix(max(0, $0)) } ?? matching
    }

    func events(idPrefix: String) -> [Event] {
        let digits = idPrefix.lowercased().filter { $0 != "-" }
        return events(EventFilter()).filter { "\($0.id)".filter { $0 != "-" }.hasPrefix(digits) }
    }

    func outbox() -> [OutboxItem] { items }
    func commands() -> [(sequence: UInt64, command: AppliedCommand)] { applied }
    func record(_ id: RecordID) -> Record? { written[id] }
    /// Nobody is: it keeps everything for ever.
    func forgotten() -> [Forgotten] { [] }

    func records(of person: PersonID?, kind: Record.Kind?) -> [Record] {
        written.values.filter {
            $0.content != nil && (person == nil || $0.person == person) && (kind == nil || $0.kind == kind)
        }.map {
            var record = $0
            record.payload = []
            return record
        }.sorted { ($0.at, $0.id) < ($1.at, $1.id) }
    }

    // MARK: Following. Keeps everything for ever.

    func feed(after sequence: UInt64, atMost bytes: Int) -> FeedPage {
        let numbers = sequence < self.sequence ? Array(sequence + 1...self.sequence) : []
        let commits = numbers.prefix { kept[$0] != nil }.map { number in
            var writer = ByteWriter()
            writer.wire(kept[number] ?? Commit(at: .distantPast))
            return FeedCommit(sequence: number, bytes: writer.bytes)
        }
        let first = numbers.first { kept[$0] != nil }.map { $0 - 1 } ?? self.sequence
        let isMissing = commits.isEmpty && !numbers.isEmpty
        return FeedPage(commits: commits, missing: isMissing ? sequence + 1...first : nil, head: self.sequence)
    }

    func copy(_ body: (Commit) throws(StoreError) -> Void) throws(StoreError) -> UInt64 {
        var all = Commit(at: .distantPast)
        all.people = people()
        all.devices = devices()
        all.assignments = assignments()
        for (place, sample) in samples {
            all.samples.append(PersonSamples(person: place.key.person, samples: [sample]))
        }
        all.events = events
        all.outbox = items
        all.states = Array(states.values)
        all.commands = applied.map(\.command)
        all.records = Array(written.values)
        try body(all)
        return sequence
    }

    func followers() -> [Follower] { following.values.sorted { $0.name < $1.name } }

    func follow(_ name: String, after sequence: UInt64, at: Timestamp) {
        following[name] = Follower(name: name, sequence: sequence, at: at)
    }

    func unfollow(_ name: String) -> Bool { following.removeValue(forKey: name) != nil }
}
