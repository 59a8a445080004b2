import Vitals

/// A person's own relation of heart rate to steps and hour of the day, from at most 28 days.
///
/// Of each day it keeps medians only: the rate at rest by hour, and the rise above it by level of exertion and lag; 220
/// numbers, so that the state never grows (25 KB). Medians of medians stand a third of days being odd.
struct HeartRateModel: Sendable {
    static let days = 28
    static let enoughDays = 7
    /// Days with rest in an hour that make a usual.
    static let enoughHours = 3
    /// Minutes at rest that make an hour of a day count, and minutes that make a level of exertion count.
    static let enoughMinutes = 10
    static let enoughLevel = 5
    /// Minutes before the present one that exertion looks back on.
    static let reach = 15
    /// exp(−1/τ) of lags of 1, 2 and 4 minutes.
    static let decay = [0.367_879_441_171_442_33, 0.606_530_659_712_633_4, 0.778_800_783_071_404_9]
    /// Lower edges of levels of exertion above rest, in smoothed steps a minute.
    static let levels: [Double] = [2, 8, 20, 40, 65, 90, 115]
    /// Below this smoothed number of steps a minute, by the longest lag, a minute is rest.
    static let rest = 0.5

    /// Steps smoothed with each lag.
    struct Exertion {
        private var state = [Double](repeating: 0, count: HeartRateModel.decay.count)
        /// Minutes of known steps in a row.
        private var known = 0

        /// Takes the next minute; `nil`: unknown.
        mutating func take(_ steps: Double?) {
            guard let steps else {
                self = Exertion()
                return
            }
            known += 1
            for i in state.indices {
                state[i] = state[i] * HeartRateModel.decay[i] + steps * (1 - HeartRateModel.decay[i])
            }
        }

        /// `nil` until a quarter of an hour is known: a run that just ended still shows in the heart.
        var values: [Double]? { known > HeartRateModel.reach ? state : nil }
    }

    struct Minute {
        var hour: Int
        var rate: Double
        /// By lag.
        var exertion: [Double]
    }

    /// What is kept of a day. Floats, NaN for too little.
    struct Day: Sendable, Hashable {
        var day: Int32
        /// Median rate at rest by hour.
        var rest: [Float]
        /// By lag: mean exertion and median rise of each level.
        var exertion: [Float]
        var rise: [Float]
        /// By lag: mean absolute deviation of minutes from the median of their level.
        var deviation: [Float]
    }

    private(set) var past: [Day] = []
    /// Usual rate at rest by hour; NaN: unknown.
    private var usual = [Double](repeating: .nan, count: 24)
    /// Index of the lag in force.
    private(set) var lag = 1
    /// Rise = slope · e + root · √e.
    private var slope = Double.nan
    private var root = Double.nan

    init() {}

    var isReady: Bool { past.count >= Self.enoughDays }

    /// Expected heart rate; `nil` where this person's is not known.
    func expected(hour: Int, exertion: Double) -> Double? {
        guard isReady, hour >= 0, hour < 24, !usual[hour].isNaN else { return nil }
        if exertion < Self.rest { return usual[hour] }
        guard !slope.isNaN else { return nil }
        return usual[hour] + slope * exertion + root * exertion.squareRoot()
    }

    // MARK: Learning

    /// Adds a local day and makes the model anew. O(minutes log minutes).
    mutating func learn(day: Int32, _ minutes: [Minute]) {
        past.removeAll { $0.day >= day || Int64($0.day) < Int64(day) - Int64(Self.days) }
        var byHour = [[Float]](repeating: [], count: 24)
        let longest = Self.decay.count - 1
        for minute in minutes where minute.exertion[longest] < Self.rest {
            byHour[minute.hour].append(Float(minute.rate))
        }
        let rest = byHour.map { values in
            values.count >= Self.enoughMinutes
                ? Float(OrderedSamples.quantile(0.5, of: values) ?? .nan) : .nan
        }
        guard rest.contains(where: { !$0.isNaN }) else { return refit() }
        var new = Day(day: day, rest: rest, exertion: [], rise: [], deviation: [])
        // Rises are measured from this day's rest where it is known, so that a feverish day does not bend the relation.
        let level = rest.indices.map { rest[$0].isNaN ? usual[$0] : Double(rest[$0]) }
        for lag in Self.decay.indices { add(minutes, lag: lag, rest: level, to: &new) }
        past.append(new)
        if past.count > Self.days { past.removeFirst() }
        refit()
    }

    private func add(_ minutes: [Minute], lag: Int, rest: [Double], to new: inout Day) {
        var rises = [[Float]](repeating: [], count: Self.levels.count)
        var sums = [Double](repeating: 0, count: Self.levels.count)
        for minute in minutes where !rest[minute.hour].isNaN {
            let e = minute.exertion[lag]
            guard let level = Self.levels.lastIndex(where: { e >= $0 }) else { continue }
            rises[level].append(Float(minute.rate - rest[minute.hour]))
            sums[level] += e
        }
        var deviation = 0.0
        var count = 0
        for level in Self.levels.indices {
            guard rises[level].count >= Self.enoughLevel, let median = OrderedSamples.quantile(0.5, of: rises[level])
            else {
                new.exertion.append(.nan)
                new.rise.append(.nan)
                continue
            }
            new.exertion.append(Float(sums[level] / Double(rises[level].count)))
            new.rise.append(Float(median))
            for rise in rises[level] { deviation += abs(Double(rise) - median) }
            count += rises[level].count
        }
        new.deviation.append(count > 0 ? Float(deviation / Double(count)) : .nan)
    }

    private mutating func refit() {
        usual = (0..<24).map { hour in
            let values = past.map { $0.rest[hour] }.filter { !$0.isNaN }
            guard values.count >= Self.enoughHours else { return .nan }
            return OrderedSamples.quantile(0.5, of: values) ?? .nan
        }
        (slope, root, lag) = (.nan, .nan, 1)
        var best = Double.infinity
        for candidate in Self.decay.indices {
            let deviations = past.map { $0.deviation[candidate] }.filter { !$0.isNaN }
            guard let median = OrderedSamples.quantile(0.5, of: deviations), median < best else { continue }
            (best, lag) = (median, candidate)
        }
        let points = past.flatMap { day in
            Self.levels.indices.map { i in
                (Double(day.exertion[lag * Self.levels.count + i]), Double(day.rise[lag * Self.levels.count + i]))
            }
        }.filter { !$0.0.isNaN }
        if let fit = Self.huber(points) { (slope, root) = fit }
    }

    /// Huber's constant: 95 % efficiency under the normal distribution.
    private static let bend = 1.345
    private static let rounds = 25

    /// y ≈ slope · x + root · √x by Huber's M-estimate (iteratively reweighted, scale from the median absolute
    /// residual, as many rounds in every case); `nil` for fewer than six points or all at one place.
    static func huber(_ points: [(x: Double, y: Double)]) -> (slope: Double, root: Double)? {
        guard points.count >= 6 else { return nil }
        var weights = [Double](repeating: 1, count: points.count)
        var fit = (slope: 0.0, root: 0.0)
        for _ in 0..<rounds {
            var (a, b, c, u, v) = (0.0, 0.0, 0.0, 0.0, 0.0)
            for (point, w) in zip(points, weights) {
                let r = point.x.squareRoot()
                a += w * point.x * point.x
                b += w * point.x * r
                c += w * point.x
                u += w * point.x * point.y
                v += w * r * point.y
            }
            let determinant = a * c - b * b
            guard determinant > 1e-9 * a * c else { return nil }
            fit = ((u * c - v * b) / determinant, (v * a - u * b) / determinant)
            let residuals = points.map { abs($0.y - fit.slope * $0.x - fit.root * $0.x.squareRoot()) }
            let median = OrderedSamples.quantile(0.5, of: residuals.map { Float($0) }) ?? 0
            guard median > 1e-6 else { break }
            let limit = bend * DailyValues.madScale * median
            weights = residuals.map { $0 <= limit ? 1 : limit / $0 }
        }
        return fit
    }
}

extension HeartRateModel {
    func write(to writer: inout ByteWriter) {
        writer.list(past) { writer, day in
            writer.integer(day.day)
            for value in day.rest + day.exertion + day.rise + day.deviation { writer.float(value) }
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        self.init()
        let cells = Self.decay.count * Self.levels.count
        past = try reader.list { (r: inout ByteReader) throws(WireError) in
            func floats(_ count: Int) throws(WireError) -> [Float] {
                var values: [Float] = []
                for _ in 0..<count { values.append(try r.float()) }
                return values
            }
            return Day(
                day: try r.integer(), rest: try floats(24), exertion: try floats(cells), rise: try floats(cells),
                deviation: try floats(Self.decay.count))
        }
        guard past.count <= Self.days, past.allSatisfy({ DetectorDay.canBe($0.day) }) else {
            throw WireError(.malformed("\(past.count) days of a model of \(Self.days)"), at: reader.offset)
        }
        refit()
    }
}
