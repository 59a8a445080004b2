import Vitals

/// How often a source reports a metric, and how long each of its values therefore holds.
///
/// The hold is 2.5 × the cadence, 5 s … 5 min (DESIGN §7). The cadence is the profile's, or the median of the last 32
/// intervals, looked at when 16 are in and then at the beginning of each UTC hour. The history of holds is kept, so
/// that panes rebuilt from the store use the hold of their time.
struct Cadence: Sendable, Equatable {
    static let memory = 32
    static let enough = 16
    static let shortestHold: Int64 = 5000
    static let longestHold: Int64 = 300_000
    /// Before a cadence is known.
    static let defaultHold: Int64 = 60_000
    /// Codes are repeated hourly while they hold (`SensorState`): 2.5 × that.
    static let stateHold: Int64 = 9_000_000
    /// Holds are remembered a little longer than windows are rebuilt.
    static let history: Int64 = 36 * 3_600_000

    /// Milliseconds between successive samples; a ring.
    private var intervals: [UInt32] = []
    private var next = 0
    private var needsFirstLook = false
    /// From which tick each hold applied, oldest first; never empty.
    private(set) var holds: [(from: Int64, hold: Int64)]

    init(hold: Int64 = Cadence.defaultHold) { holds = [(0, hold)] }

    var hold: Int64 { holds[holds.count - 1].hold }

    /// Whether enough intervals came in to tell it.
    var isKnown: Bool { intervals.count >= Self.enough }

    /// The hold for samples applied at tick `tick`.
    func hold(at tick: Int64) -> Int64 {
        var i = holds.count - 1
        while i > 0, holds[i].from > tick { i -= 1 }
        return holds[i].hold
    }

    @inline(__always) mutating func saw(interval: Int64) {
        guard interval > 0 else { return }
        let value = UInt32(clamping: interval)
        if intervals.count < Self.memory {
            intervals.append(value)
            if intervals.count == Self.enough { needsFirstLook = true }
        } else {
            intervals[next] = value
            next = next + 1 == Self.memory ? 0 : next + 1
        }
    }

    /// At the end of a tick: the sixteenth interval came in.
    mutating func look(after tick: Int64, fixed: Int64?) {
        guard needsFirstLook else { return }
        needsFirstLook = false
        decide(from: tick + SeriesPanes.fineLength, fixed: fixed)
    }

    /// When a UTC hour begins, or the settings changed.
    mutating func decide(from tick: Int64, fixed: Int64?) {
        let new: Int64
        if let fixed {
            new = Self.hold(of: fixed)
        } else if intervals.count >= Self.enough {
            let sorted = intervals.sorted()
            let m = sorted.count / 2
            let median = sorted.count % 2 == 1 ? Int64(sorted[m]) : (Int64(sorted[m - 1]) + Int64(sorted[m])) / 2
            new = Self.hold(of: median)
        } else {
            return
        }
        guard new != hold else { return }
        holds.append((tick, new))
        while holds.count > 1, holds[1].from < tick - Self.history { holds.removeFirst() }
    }

    static func hold(of cadence: Int64) -> Int64 {
        let bounded = Swift.min(Swift.max(cadence, 0), longestHold)
        return Swift.min(Swift.max(bounded * 5 / 2, shortestHold), longestHold)
    }

    static func == (a: Cadence, b: Cadence) -> Bool {
        a.intervals == b.intervals && a.next == b.next && a.needsFirstLook == b.needsFirstLook
            && a.holds.elementsEqual(b.holds) { $0 == $1 }
    }
}

extension Cadence {
    func write(to writer: inout ByteWriter) {
        writer.list(intervals) { $0.count(Int($1)) }
        writer.byte(UInt8(truncatingIfNeeded: next))
        writer.bool(needsFirstLook)
        var previous: Int64 = 0
        writer.count(holds.count)
        for entry in holds {
            writer.signed(entry.from - previous)
            writer.signed(entry.hold)
            previous = entry.from
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        let list = try reader.list { (r: inout ByteReader) throws(WireError) in
            UInt32(truncatingIfNeeded: try r.count())
        }
        let next = Int(try reader.byte())
        guard list.count <= Self.memory, next < Self.memory else {
            throw WireError(.malformed("a cadence of \(list.count) intervals"), at: at)
        }
        needsFirstLook = try reader.bool()
        let count = try reader.length()
        var holds: [(from: Int64, hold: Int64)] = []
        var from: Int64 = 0
        for _ in 0..<count {
            from = from &+ (try reader.signed())
            let hold = try reader.signed()
            guard hold >= 0, hold <= Self.stateHold else {
                throw WireError(.malformed("a hold of \(hold) ms"), at: reader.offset)
            }
            holds.append((from, hold))
        }
        guard !holds.isEmpty else { throw WireError(.malformed("no hold"), at: reader.offset) }
        intervals = list
        self.next = next
        self.holds = holds
    }
}
