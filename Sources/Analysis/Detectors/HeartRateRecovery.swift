import Vitals

/// Fall of the heart rate in the first minute after exercise (Cole et al. 1999, NEJM 341:1351).
///
/// Nobody tells the hub the second at which exercise ended; a session ends with its last active minute. So the largest
/// fall within 60 s is taken that begins at most a minute before or after that: between 5-second means, so that one odd
/// value does not make it.
struct HeartRateRecovery: Detector {
    static let card = DetectorCard(
        name: "hr_recovery_60", version: 1, gives: [.hrRecovery60],
        reads: [.heartRate, .steps, .cadence, .speed, .power], memory: .days(2),
        measures:
            "beats a minute by which the heart rate fell in 60 s at the end of an exercise session: the largest such "
            + "fall that begins within a minute of the end",
        inputs: "heart_rate every few seconds; exercise sessions",
        delay: "when the session is complete, ten minutes after its end",
        source: "Cole et al., New England Journal of Medicine 1999, 341:1351",
        needs: "heart rate in both of at least ten pairs of 5-second panes a minute apart",
        limits: "walking on after exercise slows the fall, and so does heat; the largest fall is a little above one "
            + "between fixed moments")

    /// Pairs of panes that must be known.
    static let enoughPairs = 10

    var isChanged = false
    var deadline: Int64? { nil }

    init() {}

    mutating func take(_ sample: Sample, _ arrival: Arrival) {}

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard let session = now.session, let fall = now.view.fall(around: session.end.milliseconds) else { return }
        found.append(DerivedValue(metric: .hrRecovery60, value: fall, time: now.tick))
    }

    func write(to writer: inout ByteWriter) {}
    init(from reader: inout ByteReader) throws(WireError) {}
}
