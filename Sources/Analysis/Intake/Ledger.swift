import Vitals

/// What a counter's live readings and its blocks of history say about the same time, counted once.
///
/// Each reading claims that an amount happened in a stretch of time. Claims of separate stretches add up; of claims that
/// overlap only one can count. What certainly happened is therefore the largest sum of claims that do not overlap
/// (weighted interval scheduling: Kleinberg & Tardos, Algorithm Design, §6.1), and a new claim counts by how much it
/// raises that sum. So in whatever order totals, blocks and repetitions come, nothing is counted twice, and nothing
/// stored has to be taken back.
struct Ledger: Sendable, Equatable {
    struct Claim: Hashable, Sendable {
        var from: Int64
        var to: Int64
        var amount: Double
        /// A block of history; else what happened between two live readings.
        var isBlock = false
        /// Of a live amount after a long silence: how much waits for blocks to say when it happened.
        var owed = 0.0
        /// Of a block: the time of its last sample.
        var stamp: Int64 = 0
    }

    /// A week of quarter-hour blocks, as rings keep it, and three days of live claims.
    static let capacity = 1024
    /// Live claims are joined within stretches of this length, of which every device's blocks are multiples: finer ones
    /// would decide nothing.
    static let grain: Int64 = 5 * 60_000

    /// In order of their ends.
    private(set) var claims: [Claim] = []
    /// The largest sum of the claims up to each.
    private var best: [Double] = []
    /// Before this moment claims were forgotten.
    private(set) var floor: Int64 = .min

    var isEmpty: Bool { claims.isEmpty }
    private var sum: Double { best.last ?? 0 }

    // MARK: Claiming

    /// Claims a live amount in `[from, to)`, and returns how much of it is news.
    mutating func claim(_ amount: Double, from: Int64, to: Int64) -> Double {
        let before = sum
        let from = Swift.min(Swift.max(from, floor), to)
        if let last = claims.last, !last.isBlock, last.to == from, last.owed == 0,
            last.from / Self.grain == (Swift.max(to, 1) - 1) / Self.grain
        {
            claims[claims.count - 1].to = to
            claims[claims.count - 1].amount += amount
            weigh(from: claims.count - 1)
        } else {
            insert(Claim(from: from, to: to, amount: amount))
        }
        defer { forget() }
        return Swift.max(0, sum - before)
    }

    /// Claims a block; `place` is that of an earlier reading of the same block. Returns how much of it is news.
    mutating func claim(_ block: Claim, replacing place: Int?) -> Double {
        let before = sum
        if let place {
            claims.remove(at: place)
            best.removeLast()
            weigh(from: place)
        }
        insert(block)
        defer { forget() }
        return Swift.max(0, sum - before)
    }

    /// Index of the block that begins at `start` and ends by `end`.
    func block(from start: Int64, to end: Int64) -> Int? {
        var i = index(after: start)
        while i < claims.count, claims[i].to <= end {
            if claims[i].isBlock, claims[i].from == start { return i }
            i += 1
        }
        return nil
    }

    /// Live claims that owe nothing and lie in `[from, to)`: the newest end, the sum of those wholly inside, and with
    /// those that reach over its edges.
    func live(from: Int64, to: Int64) -> (end: Int64, inside: Double, touching: Double) {
        var live = (end: from, inside: 0.0, touching: 0.0)
        var i = index(after: from)
        while i < claims.count {
            let claim = claims[i]
            if !claim.isBlock, claim.owed == 0, claim.from < to {
                live.touching += claim.amount
                if claim.to <= to { live.end = Swift.max(live.end, claim.to) }
                if claim.to <= to, claim.from >= from { live.inside += claim.amount }
            }
            i += 1
        }
        return live
    }

    /// The end of the newest block that was over at `time`.
    func blocksEnd(by time: Int64) -> Int64? { claims.last { $0.isBlock && $0.to <= time }?.to }

    // MARK: What is owed

    /// Lets the newest live claim wait for blocks.
    mutating func owe(_ amount: Double, until time: Int64) {
        guard let i = claims.lastIndex(where: { !$0.isBlock && $0.to == time }) else { return }
        claims[i].owed += amount
    }

    /// Takes up to `amount` from what is owed for `[from, to)`.
    mutating func pay(_ amount: Double, from: Int64, to: Int64) -> Double {
        var rest = amount
        var i = index(after: from)
        while i < claims.count, rest > 0 {
            if claims[i].owed > 0, claims[i].from < to {
                let part = Swift.min(rest, claims[i].owed)
                claims[i].owed -= part
                rest -= part
            }
            i += 1
        }
        return amount - rest
    }

    /// What has been owed since before `time`: nobody said in the meantime when it happened.
    mutating func settle(before time: Int64) -> [Claim] {
        var due: [Claim] = []
        for i in claims.indices where claims[i].owed > 0 && claims[i].to < time {
            due.append(claims[i])
            claims[i].owed = 0
        }
        return due
    }

    // MARK: Order

    /// The first claim that ends after `time`.
    private func index(after time: Int64) -> Int {
        var low = 0
        var high = claims.count
        while low < high {
            let middle = (low + high) / 2
            if claims[middle].to <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func insert(_ claim: Claim) {
        let place = index(after: claim.to)
        claims.insert(claim, at: place)
        best.append(0)
        weigh(from: place)
    }

    /// Memory is bounded: what ends first is forgotten, and what begins before that is not taken any more.
    private mutating func forget() {
        guard claims.count > Self.capacity else { return }
        floor = Swift.max(floor, claims.removeFirst().to)
        best.removeFirst()
        weigh(from: 0)
    }

    private mutating func weigh(from place: Int) {
        for i in place..<Swift.max(place, claims.count) {
            let before = Swift.min(index(after: claims[i].from), i)
            let with = claims[i].amount + (before > 0 ? best[before - 1] : 0)
            best[i] = Swift.max(i > 0 ? best[i - 1] : 0, with)
        }
    }
}

extension Ledger {
    func write(to writer: inout ByteWriter) {
        writer.integer(floor)
        var last: Int64 = 0
        writer.list(claims) {
            // Differences of a week's quarters fit a few bytes each.
            $0.signed($1.to &- last)
            $0.signed($1.to &- $1.from)
            $0.signed($1.isBlock ? $1.to &- $1.stamp : -1)
            $0.double($1.amount)
            $0.double($1.owed)
            last = $1.to
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        floor = try reader.integer()
        var last: Int64 = 0
        claims = try reader.list { (r: inout ByteReader) throws(WireError) in
            let to = last &+ (try r.signed())
            let from = to &- (try r.signed())
            let behind = try r.signed()
            let amount = try r.double()
            let owed = try r.double()
            guard from <= to, to >= last, amount >= 0, amount < 0x1p53, owed >= 0, owed <= amount else {
                throw WireError(.malformed("a claim that cannot be"), at: r.offset)
            }
            last = to
            return Claim(
                from: from, to: to, amount: amount, isBlock: behind >= 0, owed: owed,
                stamp: behind >= 0 ? to &- behind : 0)
        }
        best = Array(repeating: 0, count: claims.count)
        weigh(from: 0)
    }

    /// What version 2 of the state knew: blocks by their start, deltas by their time.
    init(blocks: [Claim], deltas: [Claim]) {
        claims = (blocks + deltas).sorted { $0.to < $1.to }
        best = Array(repeating: 0, count: claims.count)
        weigh(from: 0)
    }
}
