import Vitals

/// Says of each stretch of heartbeats whether its rhythm was irregular (`RhythmTrack`).
///
/// A value is stamped with the tick at which it became known, so that rules see it, and speaks of the moment `start`
/// about two minutes before. The mean over a window is the share of irregular beats, its coverage the share of time
/// whose beats were good enough to tell.
struct IrregularRhythm: Detector {
    static let card = DetectorCard(
        name: "irregular_rhythm", version: 1, gives: [.irregularRhythm], reads: [.rrInterval], memory: .days(2),
        measures: "1 where the intervals between heartbeats follow no pattern, 0 where they do, every eighth beat",
        inputs: "rr_interval, in time",
        delay: "160 beats, about two minutes; the moment it speaks of is the sample's start",
        source: "Zhou et al. 2015, PLoS ONE 10:e0136544, and COSEn (Lake & Moorman 2011, AJP Heart 300:H319), both of "
            + "beats from which single early ones were taken out; several looks in a row must agree",
        needs: "129 beats with at most 10 gaps, none longer than 30 s; intervals from a chest strap or an ECG",
        limits: "runs of early beats and a rhythm that changes between two patterns look irregular; flutter may look "
            + "regular; it says nothing about why. Labelled recordings: 98.1 % of irregular beats found, 98.4 % of "
            + "others left alone (AFDB); 95.8 % of others where early beats abound (MITDB); none in ten days of "
            + "steady hearts")

    private var track = RhythmTrack()
    /// Moment and finding that wait to be said, and the tick at which they became known; −1: none.
    private var moment: Int64 = -1
    private var finding = false
    private var due: Int64 = -1
    var isChanged = false

    @inline(__always) mutating func take(_ sample: Sample, _ arrival: Arrival) {
        guard sample.metric == .rrInterval, !arrival.isLate else { return }
        isChanged = true
        guard let decision = track.take(time: sample.time.milliseconds, interval: Double(sample.value)) else { return }
        // Of two in one tick the later one is said.
        (moment, finding, due) = (decision.time, decision.isIrregular, arrival.tick)
    }

    var deadline: Int64? { due >= 0 ? due : nil }

    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue]) {
        guard due >= 0, due <= now.tick else { return }
        found.append(
            DerivedValue(
                metric: .irregularRhythm, value: finding ? 1 : 0, time: now.tick,
                span: UInt32(clamping: now.tick - moment)))
        due = -1
        isChanged = true
    }
}

extension IrregularRhythm {
    func write(to writer: inout ByteWriter) {
        track.write(to: &writer)
        writer.integer(moment)
        writer.bool(finding)
        writer.integer(due)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        track = try RhythmTrack(from: &reader)
        moment = try reader.integer()
        finding = try reader.bool()
        due = try reader.integer()
        guard moment >= -1, moment <= Intake.lastTime, due >= -1, due <= Intake.lastTime else {
            throw WireError(.malformed("a rhythm found at \(moment)"), at: reader.offset)
        }
    }
}
