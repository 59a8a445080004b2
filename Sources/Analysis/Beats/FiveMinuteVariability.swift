import Vitals

/// RMSSD of each five minutes of the last day and a half, as beats come.
///
/// A stretch is measured when its first successor comes, or when it is asked for. What comes late is gathered beside
/// what comes in time, and fills stretches that have no value yet.
struct FiveMinuteVariability: Sendable, Equatable {
    /// Five minutes, the length short-term variability is defined for (Task Force 1996).
    static let length: Int64 = 300_000
    /// Stretches kept: a night, and the day after it in which it may be completed.
    static let kept = 432
    /// Share of a stretch that its beats must fill.
    static let fullness = 0.7
    /// No heart beats more often in five minutes: what comes beyond is a fault of the source.
    private static let mostBeats = 2000

    /// Beats of one stretch.
    private struct Open: Equatable {
        var index: Int64 = -1
        var times: [Int64] = []
        var intervals: [Float] = []

        /// Adds a beat; of another stretch, it begins that one and hands over what it held.
        mutating func take(_ interval: Float, _ time: Int64, _ next: Int64) -> Open? {
            var done: Open?
            if next != index {
                done = self
                self = Open(index: next)
                times.reserveCapacity(512)
                intervals.reserveCapacity(512)
            }
            guard times.count < FiveMinuteVariability.mostBeats else { return done }
            times.append(time)
            intervals.append(interval)
            return done
        }
    }

    /// In ms, at the stretch's number modulo `kept`; NaN: not known.
    private var values = [Float](repeating: .nan, count: kept)
    /// Number of the newest stretch of which anything came; −1: none.
    private(set) var newest: Int64 = -1
    private var timely = Open()
    private var late = Open()

    mutating func take(_ interval: Float, at time: Int64, isLate: Bool) {
        let index = time / Self.length
        guard index > newest - Int64(Self.kept) else { return }
        advance(to: index)
        if isLate {
            if let done = late.take(interval, time, index) { measure(done) }
        } else {
            if let done = timely.take(interval, time, index) { measure(done) }
        }
    }

    private mutating func advance(to index: Int64) {
        guard index > newest else { return }
        let from = newest < 0 ? index : Swift.max(newest + 1, index - Int64(Self.kept) + 1)
        for one in from...index { values[Int(one % Int64(Self.kept))] = .nan }
        newest = index
    }

    private mutating func measure(_ open: Open) {
        let place = Int(open.index % Int64(Self.kept))
        guard open.index >= 0, open.index > newest - Int64(Self.kept), values[place].isNaN else { return }
        var (times, intervals) = (open.times, open.intervals)
        if zip(times, times.dropFirst()).contains(where: { $0 > $1 }) {
            let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
            (times, intervals) = (order.map { times[$0] }, order.map { intervals[$0] })
        }
        let window = BeatWindow(times: times[...], intervals: intervals[...])
        guard window.length >= Self.fullness * Double(Self.length) else { return }
        values[place] = Float(window.value(.rmssd))
    }

    /// Known values of the stretches that lie wholly between two times.
    mutating func values(from: Int64, to: Int64) -> [Float] {
        // What is complete by then is measured; a stretch that goes on is measured again when it has ended.
        for open in [timely, late] where (open.index + 1) * Self.length <= to { measure(open) }
        let first = Swift.max((from + Self.length - 1) / Self.length, newest - Int64(Self.kept) + 1, 0)
        let last = Swift.min(to / Self.length - 1, newest)
        guard first <= last else { return [] }
        return (first...last).map { values[Int($0 % Int64(Self.kept))] }.filter { !$0.isNaN }
    }

    static func == (a: Self, b: Self) -> Bool {
        a.newest == b.newest && a.timely == b.timely && a.late == b.late
            && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern }
    }
}

extension FiveMinuteVariability {
    func write(to writer: inout ByteWriter) {
        writer.integer(newest)
        // Only what is known: mostly nobody wears a strap all day.
        let known = values.indices.filter { !values[$0].isNaN }
        writer.list(known) {
            $0.count($1)
            $0.float(values[$1])
        }
        for open in [timely, late] {
            writer.integer(open.index)
            writer.list(open.times.indices) {
                $0.integer(open.times[$1])
                $0.float(open.intervals[$1])
            }
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        newest = try reader.integer()
        let known = try reader.list { (r: inout ByteReader) throws(WireError) -> (Int, Float) in
            (try r.count(), try r.float())
        }
        for (place, value) in known {
            guard values.indices.contains(place), value.isFinite, value >= 0 else {
                throw WireError(.malformed("a variability that cannot be"), at: reader.offset)
            }
            values[place] = value
        }
        timely = try Self.open(from: &reader)
        late = try Self.open(from: &reader)
        let latest = Intake.lastTime / Self.length
        guard newest >= -1, newest <= latest, timely.index <= newest, late.index <= newest, timely.index >= -1,
            late.index >= -1
        else { throw WireError(.malformed("five minutes that cannot be"), at: reader.offset) }
    }

    private static func open(from reader: inout ByteReader) throws(WireError) -> Open {
        var open = Open(index: try reader.integer())
        let beats = try reader.list { (r: inout ByteReader) throws(WireError) -> (Int64, Float) in
            (try r.integer(), try r.float())
        }
        guard beats.count <= mostBeats,
            beats.allSatisfy({ (0...Intake.lastTime).contains($0.0) && $0.1.isFinite && $0.1 >= 0 })
        else { throw WireError(.malformed("beats that cannot be"), at: reader.offset) }
        open.times = beats.map(\.0)
        open.intervals = beats.map(\.1)
        return open
    }
}
