import Kernels
import Vitals

// The fuzzer is built with the codec's files themselves, without the room's C library.
#if canImport(Storage)
@testable import Storage
#endif

/// Bytes of a row of sums behind its checksum, for the step that the first byte names: they decode to sums in order, or to
/// an error; and what decodes comes back from being written again, also after some of it was forgotten.
enum RollupFuzz: FuzzTarget {
    static let corpus = "rollup"

    static let seeds: [[UInt8]] =
        RollupStep.allCases.flatMap { step in
            [
                seed(step) { i in (1000, 60 + Float(i % 7)) },
                seed(step) { i in (977, 36.5 + Float(i % 9) / 10) },
                seed(step) { i in (i % 100 == 0 ? 2_000_000 : 5000, Float(i * i % 97) - 50) },
            ]
        } + [[0], [1, 96], [2, 0, 96], endless]

    /// A whole sum that no whole values come to.
    private static let endless: [UInt8] = {
        var cell = Aggregate()
        cell.add(1, covered: 0)
        cell.sum = 1e300
        return body(Rollup(.minute, quarters: 1, places: [0], cells: [cell]))
    }()

    /// The step and what stands behind the checksum.
    private static func body(_ rollup: Rollup) -> [UInt8] {
        [UInt8(rollup.step.rawValue)] + RollupCodec.encode(rollup, key: 0).dropFirst(SummedBlock.head)
    }

    private static let day: Int64 = 1_699_920_000_000

    /// Sums of samples told by their distance and value.
    private static func seed(_ step: RollupStep, _ sample: (Int) -> (Int64, Float)) -> [UInt8] {
        var columns = SampleColumns()
        var time = day
        for i in 0..<2000 {
            let (distance, value) = sample(i)
            time += distance
            columns.times.append(time)
            columns.values.append(value)
            columns.spans.append(0)
            columns.qualities.append(0)
            columns.revisions.append(0)
            columns.delays.append(0)
        }
        let range = 0..<(columns.times.firstIndex { $0 >= day + 86_400_000 } ?? columns.times.count)
        return body(Rollup(step, of: columns, range, start: day, isIncrement: false))
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        guard let first = bytes.first, let step = RollupStep(rawValue: Int64(first % 3)),
            let rollup = decoded(Array(bytes.dropFirst()), step)
        else { return nil }
        guard rollup.places.count == rollup.cells.count else { return "places and cells are not as many" }
        for (place, next) in zip(rollup.places, rollup.places.dropFirst()) where place >= next {
            return "place \(next) is not after the one before"
        }
        for place in rollup.places where !rollup.speaks(for: place / step.perQuarter) {
            return "a place of which it does not speak"
        }
        var some = rollup
        some.forget(Int(first) % 96..<96)
        var both = rollup
        both.replace(with: some)
        // Longer sums may be too large to be read; they can be written.
        _ = RollupCodec.encode(rollup.coarsened(to: .quarter), key: 0)
        for (what, sums) in [("the whole", rollup), ("the rest", some), ("both", both)] {
            let again = decoded(Array(RollupCodec.encode(sums, key: 0).dropFirst(SummedBlock.head)), step)
            guard let again else { return "\(what) does not decode when it is written again" }
            guard again == sums else { return "\(what) is not what comes back when it is written again" }
        }
        return both == rollup ? nil : "what is replaced by itself is another"
    }

    private static func decoded(_ bytes: [UInt8], _ step: RollupStep) -> Rollup? {
        bytes.withUnsafeBytes { try? RollupCodec.rollup(of: $0, step) }
    }
}
