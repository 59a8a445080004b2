import Vitals

extension SampleColumns {
    /// 2.5 times a series' cadence, within bounds: how long a value is taken to hold (DESIGN §7).
    private static let hold = (factor: 2.5, shortest: 5000.0, longest: 300_000.0)

    /// Calls `body` with each quarter of an hour (UTC) that has samples, and their indices. Samples are in order of time.
    func forEachQuarter(in range: Range<Int>, _ body: (Int32, Range<Int>) -> Void) {
        var start = range.lowerBound
        while start < range.upperBound {
            let quarter = ChunkKey.quarter(of: times[start])
            let next = quarter < .max ? (Int64(quarter) + 1) * ChunkKey.length : Int64.max
            var end = start + 1
            while end < range.upperBound, times[end] < next || quarter == .max { end += 1 }
            body(quarter, start..<end)
            start = end
        }
    }

    @inline(__always) private func isUsable(_ i: Int) -> Bool {
        qualities[i] & Quality.unusable.rawValue == 0 && values[i].isFinite
    }

    /// Calls `body` with the index of each usable sample and the milliseconds that it covers (``Aggregate/covered``).
    ///
    /// - Parameter range: whole quarters of an hour, in order of time.
    func forEachUsable(in range: Range<Int>, isIncrement: Bool, _ body: (Int, Int64) -> Void) {
        forEachQuarter(in: range) { _, quarter in
            if isIncrement {
                var before: Int64?
                for i in quarter where isUsable(i) {
                    body(i, min(Int64(spans[i]), before.map { times[i] - $0 } ?? .max))
                    before = times[i]
                }
                return
            }
            let usual = usualDistance(quarter)
            let hold = Int64(min(max(Self.hold.factor * usual, Self.hold.shortest), Self.hold.longest))
            var pending: Int?
            for i in quarter where isUsable(i) {
                if let pending { body(pending, min(hold, times[i] - times[pending])) }
                pending = i
            }
            if let pending { body(pending, Int64(usual)) }
        }
    }

    /// Milliseconds between usable neighbours that are not too far apart, on average; 0 where there are none.
    private func usualDistance(_ range: Range<Int>) -> Double {
        var distances = 0.0
        var neighbours = 0
        var before: Int64?
        for i in range where isUsable(i) {
            if let before {
                let distance = Double(times[i] - before)
                if distance <= Self.hold.longest {
                    distances += distance
                    neighbours += 1
                }
            }
            before = times[i]
        }
        return neighbours > 0 ? distances / Double(neighbours) : 0
    }
}
