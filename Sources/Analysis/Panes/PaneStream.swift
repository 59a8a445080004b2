/// Samples of one level in order of time through the panes of its series, a tick at a time: what a person's analysis does
/// with samples that are in time, without judging and merging them. For measuring.
package struct PaneStream: Sendable {
    private var panes = SeriesPanes(holdsAmounts: false)
    private let cadence: Int64
    private var time: Int64

    /// - Parameters:
    ///   - start: ms since 1970; a multiple of 5 s.
    ///   - cadence: ms from sample to sample.
    package init(start: Int64, cadence: Int64) {
        self.cadence = cadence
        time = start
    }

    /// Takes values one cadence apart and closes the ticks they pass; NaN is a sample that did not come.
    package mutating func add(_ values: [Float]) {
        let hold = Int64(2.5 * Double(cadence))
        var tick = (time / SeriesPanes.fineLength + 1) * SeriesPanes.fineLength
        panes.begin(tick: tick)
        for value in values {
            if time >= tick {
                panes.end(tick: tick)
                tick = (time / SeriesPanes.fineLength + 1) * SeriesPanes.fineLength
                panes.begin(tick: tick)
            }
            if value.isFinite { panes.add(value, at: time, hold: hold) }
            time += cadence
        }
        panes.end(tick: tick)
    }

    /// Samples in the panes of the last hour.
    package var count: Int {
        let stretch = panes.fine.stretch(from: panes.fine.newest - 719, to: panes.fine.newest + 1)
        return panes.fine.columns.counts(stretch)
    }
}
