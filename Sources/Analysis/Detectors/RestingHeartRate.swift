import Vitals

/// The night's resting heart rate: mean of the heart-rate samples between 00:00 and 06:59:59 local time in minutes that
/// are known to hold no step (Alavi et al. 2022, doi 10.1038/s41591-021-01593-2; ALGORITHMS §1).
///
/// Left out of the original on purpose: truncation to whole beats, filling in missing nights, nights of a single
/// sample. A person without any source of steps gets no value: rest cannot be told from restless hours.
/// The value is stamped 07:00 and computed from 07:02 on, when what was measured at night has arrived. Late data makes
/// a night again while its panes last (24 h after its midnight), with a higher revision.
struct RestingHeartRate: Detector {
    static let card = DetectorCard(
        name: "resting_heart_rate", version: 1, gives: [.restingHeartRate], reads: [.heartRate, .steps],
        memory: .days(2),
        measures: "mean heart rate of a night, 00:00 to 07:00 local time, in minutes without a step",
        inputs: "heart_rate, steps; minutes of both, in time or late",
        delay: "07:02 of the same morning; completed by what comes late within 24 hours of midnight",
        source: "Alavi et al., Nature Medicine 2022, doi 10.1038/s41591-021-01593-2, without truncating to whole beats",
        needs: "60 minutes with heart rate whose steps are known to be none",
        limits: "rest is taken from steps alone; who works at night gets a working night's value")

    /// Minutes at rest below which a night says too little: one of its seven hours.
    static let enoughMinutes = 60

    private var night = DailyWindow(from: .zero, to: .hours(7), due: .minutes(7 * 60 + 2))

    init() {}

    var isChanged: Bool {
        get { night.isChanged }
        set { night.isChanged = newValue }
    }

    var deadline: Int64? { night.deadline }

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival) { night.take(sample) }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard let part = night.part(at: now.tick, zone: now.zone) else { return }
        let rest = now.view.resting(from: part.lowerBound, to: part.upperBound)
        guard rest.minutes >= Self.enoughMinutes, rest.count > 0 else { return }
        found.append(DerivedValue(metric: .restingHeartRate, value: rest.sum / Double(rest.count), time: night.end))
    }

    func write(to writer: inout ByteWriter) { night.write(to: &writer) }
    init(from reader: inout ByteReader) throws(WireError) { try night.read(from: &reader) }
}
