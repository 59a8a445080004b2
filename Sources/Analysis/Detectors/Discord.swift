import Kernels
import Vitals

/// How unlike every earlier day the day's course of heart rate was: the last value of the left matrix profile over
/// whole local days (Yeh et al. 2016, ICDM; discords: Keogh et al. 2005, ICDM).
///
/// A day's shape is its 24 hourly means. The distance of two days is Euclidean after both are z-normalised, so that
/// level and size do not count; hours that one of them lacks are left out and the rest scaled up. Windows begin at
/// midnight only: a day shifted by three hours is unlike the others, as it should be, and a gap costs its own hours
/// instead of every window that holds it.
struct Discord: Detector {
    static let card = DetectorCard(
        name: "discord", version: 1, gives: [.discord], reads: [.heartRate], memory: .days(62),
        measures: "distance of the day's course of heart rate to the most similar of the two months before; 0 the same "
            + "shape, 6.9 unrelated, 9.8 upside down",
        inputs: "heart_rate",
        delay: "midnight",
        source: "left matrix profile over whole days: Yeh et al. 2016, ICDM, doi 10.1109/ICDM.2016.0179",
        needs: "18 hours of the day with a quarter of an hour of heart rate each, and 14 such days before it",
        limits: "a holiday, a shift at night or a long walk is unlike other days too; the level does not count")

    static let hours = 24
    static let enoughHours = 18
    static let enoughMinutes = 15
    static let enoughDays = 14
    static let memory: Int32 = 60

    struct Day: Sendable, Hashable {
        var day: Int32
        /// Hourly means, NaN for hours with too little.
        var shape: [Float]
    }

    private(set) var days: [Day] = []
    /// The local day at hand: its number, and its span in ms since 1970, which ends at 0 for none.
    private var day = Int32.min
    private var start: Int64 = 0
    private var end: Int64 = 0
    /// A heart rate came whose day is not yet known.
    private var hasNews = false
    var isChanged = false

    init() {}

    var deadline: Int64? { hasNews ? 0 : end > 0 ? end : nil }

    mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .heartRate, end == 0, !hasNews else { return }
        hasNews = true
        isChanged = true
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        isChanged = true
        if end > 0, now.tick >= end { finish(now, into: &found) }
        guard hasNews else { return }
        hasNews = false
        let today = now.zone.day(of: Timestamp(milliseconds: now.tick - 1))
        guard today.number > day else { return }
        day = today.number
        start = now.zone.start(of: today).milliseconds
        end = Swift.max(start, now.zone.start(of: today + 1).milliseconds)
    }

    private mutating func finish(_ now: DetectorTick, into found: inout [DerivedValue]) {
        let last = end
        end = 0
        var sums = [Double](repeating: 0, count: Self.hours)
        var counts = [Int](repeating: 0, count: Self.hours)
        var cursor = ZoneCursor(now.zone)
        for minute in start / SeriesPanes.middleLength..<last / SeriesPanes.middleLength {
            guard let rate = now.view.reading(minute).heartRate else { continue }
            let time = Timestamp(milliseconds: minute * SeriesPanes.middleLength)
            let hour = Int(cursor.timeOfDay(time).milliseconds / 3_600_000)
            sums[hour] += rate
            counts[hour] += 1
        }
        let shape = zip(sums, counts).map { $1 >= Self.enoughMinutes ? Float($0 / Double($1)) : .nan }
        guard shape.count(where: { !$0.isNaN }) >= Self.enoughHours else { return }
        days.removeAll { Int64($0.day) <= Int64(day) - Int64(Self.memory) || $0.day >= day }
        if days.count >= Self.enoughDays {
            let nearest = days.map { Self.distance(shape, $0.shape) }.filter { !$0.isNaN }.min()
            // Stamped within its day: the last millisecond.
            if let nearest { found.append(DerivedValue(metric: .discord, value: nearest, time: last - 1)) }
        }
        days.append(Day(day: day, shape: shape))
    }

    /// `ShapeDistance` over the hours both have, scaled to 24; NaN for fewer than twelve of them.
    static func distance(_ a: [Float], _ b: [Float]) -> Double {
        let common = zip(a, b).filter { !$0.isNaN && !$1.isNaN }
        guard common.count >= enoughHours * 2 - hours else { return .nan }
        let both = common.map { Double($0.0) } + common.map { Double($0.1) }
        return ShapeDistance.between(both.span, 0, common.count, window: common.count)
            * (Double(hours) / Double(common.count)).squareRoot()
    }
}

extension Discord {
    func write(to writer: inout ByteWriter) {
        writer.list(days) { writer, day in
            writer.integer(day.day)
            for value in day.shape { writer.float(value) }
        }
        writer.integer(day)
        writer.integer(start)
        writer.integer(end)
        writer.bool(hasNews)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        days = try reader.list { (r: inout ByteReader) throws(WireError) in
            var day = Day(day: try r.integer(), shape: [])
            for _ in 0..<Self.hours { day.shape.append(try r.float()) }
            return day
        }
        day = try reader.integer()
        start = try reader.integer()
        end = try reader.integer()
        hasNews = try reader.bool()
        guard DetectorDay.canBe(start: start, end: end), days.allSatisfy({ DetectorDay.canBe($0.day) }),
            days.count <= Int(Self.memory)
        else { throw WireError(.malformed("a day that cannot be"), at: reader.offset) }
    }
}
