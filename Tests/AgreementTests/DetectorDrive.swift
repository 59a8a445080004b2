import Vitals

@testable import Analysis

/// Runs one detector over samples as if each had come in time, closing it whenever its deadline comes.
struct DetectorDrive<D: Detector> {
    var detector = D()
    var found: [DerivedValue] = []
    var zone = Zone.utc
    var view = SessionView()
    var daily = DailyValues()

    mutating func run(_ samples: some Sequence<Sample>, until end: Int64 = 0) {
        for sample in samples {
            let tick = Intake.tick(of: sample, isIncrement: sample.metric.kind == .increment).tick
            close(before: tick)
            let day = DaySpan(zone.day(of: sample.time), in: zone)
            detector.take(sample, Arrival(tick: tick, isLate: false, hold: 0, day: day))
            if detector.deadline == 0 { close(at: tick) }
        }
        close(before: end)
    }

    /// Deadlines that come before `tick`.
    mutating func close(before tick: Int64) {
        while let deadline = detector.deadline, deadline < tick {
            close(at: (deadline + 4999) / 5000 * 5000)
            if let next = detector.deadline, next <= deadline { return }
        }
    }

    mutating func close(at tick: Int64) {
        let now = DetectorTick(tick: tick, zone: zone, body: Body(), view: view, daily: daily, session: nil)
        detector.close(now, into: &found)
    }

    /// Throws the detector away and makes it again of its state.
    mutating func interrupt() throws {
        var writer = ByteWriter()
        detector.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        detector = try D(from: &reader)
    }
}
