import Vitals

/// Minutes of the waking day spent without a step, in stretches of at least ten.
///
/// The waking day is taken to be 07:00 to 23:00 local time; ten hours of it must be known, as in studies of wearers
/// (Troiano et al. 2008, Med Sci Sports Exerc 40:181). A minute is known when its steps are and the heart was measured,
/// which shows that the sensor was worn: a step counter in a drawer sits still, too.
struct SedentaryMinutes: Detector {
    static let card = DetectorCard(
        name: "sedentary_minutes", version: 1, gives: [.sedentaryMinutes], reads: [.heartRate, .steps],
        memory: .days(2),
        measures: "minutes between 07:00 and 23:00 local time in stretches of at least ten without a step",
        inputs: "steps; heart_rate shows that the sensor was worn; minutes of both, in time or late",
        delay: "23:02 of the same evening; completed by what comes late until 07:00",
        source:
            "no step in a minute is non-movement (Tudor-Locke 2011, Int J Behav Nutr Phys Act 8:79); ten hours make a "
            + "day (Troiano 2008)",
        needs: "600 minutes whose steps and heart rate are known",
        limits: "standing still, cycling and sleeping by day count as well; shift work is not known of")

    static let enoughMinutes = 600
    /// Shortest stretch that counts: a minute without a step between two others is no rest.
    static let shortest = 10

    private var part = DailyWindow(from: .hours(7), to: .hours(23), due: .minutes(23 * 60 + 2))

    init() {}

    var isChanged: Bool {
        get { part.isChanged }
        set { part.isChanged = newValue }
    }

    var deadline: Int64? { part.deadline }

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival) { part.take(sample) }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard let minutes = part.part(at: now.tick, zone: now.zone) else { return }
        let still = now.view.still(from: minutes.lowerBound, to: minutes.upperBound, shortest: Self.shortest)
        guard still.known >= Self.enoughMinutes else { return }
        found.append(DerivedValue(metric: .sedentaryMinutes, value: Double(still.minutes), time: part.end))
    }

    func write(to writer: inout ByteWriter) { part.write(to: &writer) }
    init(from reader: inout ByteReader) throws(WireError) { try part.read(from: &reader) }
}
