import Kernels
import Vitals

/// An EWMA control chart of the night's resting heart rate, in its own standard deviations.
///
/// Each night's robust z-score (against median and MAD of the 28 days before) enters `EWMAChart` with its usual weight;
/// the mean is told in multiples of its standard deviation, so that ±2.962 are the chart's usual limits whatever the
/// person. Scores beyond ±4 count as ±4: one wild night moves the mean by 0.8 at most. After a week without nights the
/// chart starts anew.
struct ControlChart: Detector {
    static let card = DetectorCard(
        name: "control_chart", version: 1, gives: [.controlChart], reads: [.restingHeartRate], memory: .days(80),
        measures: "a small lasting shift of the resting heart rate at night: EWMA of its robust z-score, in standard "
            + "deviations; usual limits are -2.96 and 2.96",
        inputs: "resting_heart_rate",
        delay: "07:02; a lasting shift of one standard deviation crosses the limit in ten nights on average",
        source: "Roberts 1959, Technometrics 1:239; limits: Lucas & Saccucci 1990, Technometrics 32:1",
        needs: "7 nights of the 28 days before, not all alike",
        limits: "takes nights as independent, which they are not quite: limits are crossed more often than tables say")

    static let largest = 4.0
    static let baselineDays = 28
    /// A chart does not go on over a longer pause.
    static let pause: Int32 = 7
    /// Nights from which the chart is made again: 0.8⁵⁰ of an older one is left, 1 in 70 000.
    static let memory: Int32 = 50

    private var times: [Int64] = []
    var isChanged = false

    init() {}

    var deadline: Int64? { times.isEmpty ? nil : 0 }

    mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .restingHeartRate else { return }
        times.append(sample.time.milliseconds)
        isChanged = true
    }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard !times.isEmpty else { return }
        let days = times.map { now.zone.day(of: Timestamp(milliseconds: $0)).number }
        times = []
        isChanged = true
        let entries = now.daily.of(.restingHeartRate)
        for entry in entries where days.contains(entry.day) {
            let scores = entries.filter {
                $0.day <= entry.day && Int64($0.day) >= Int64(entry.day) - Int64(Self.memory)
            }.map {
                (day: $0.day, score: now.daily.zscore(.restingHeartRate, days: Self.baselineDays, today: $0.day))
            }
            guard let last = scores.last, !last.score.isNaN else { continue }
            found.append(DerivedValue(metric: .controlChart, value: Self.chart(scores), time: entry.time))
        }
    }

    /// The chart's value after these days' scores, NaN where there is none.
    static func chart(_ scores: [(day: Int32, score: Double)]) -> Double {
        // Limits at one deviation: the mean over them is the mean in deviations.
        let fresh = EWMAChart(centre: 0, deviation: 1, width: 1)
        var chart = fresh
        var value = Double.nan
        var before: Int32?
        for (day, score) in scores where !score.isNaN {
            if let before, Int64(day) - Int64(before) > Int64(pause) { chart = fresh }
            before = day
            let point = chart.take(Swift.min(Swift.max(score, -largest), largest))
            value = point.value / point.high
        }
        return value
    }

    func write(to writer: inout ByteWriter) { writer.list(times) { $0.integer($1) } }

    init(from reader: inout ByteReader) throws(WireError) {
        times = try reader.list { (r: inout ByteReader) throws(WireError) in try r.integer() }
    }
}
