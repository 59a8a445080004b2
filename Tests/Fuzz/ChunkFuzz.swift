import Kernels
import Vitals

// The fuzzer is built with the codec's files themselves, without the room's C library.
#if canImport(Storage)
@testable import Storage
#endif

/// Bytes of a chunk behind its checksum, as a bad disk or a bad hand would leave them: they decode to samples in order, or
/// to an error; and what decodes comes back from being written again.
enum ChunkFuzz: FuzzTarget {
    static let corpus = "chunk"

    static let seeds: [[UInt8]] = [
        seed { _ in (1000, 70, 0, 0) },
        seed { i in (1000, 60 + Float(i % 7), 0, 0) },
        seed { i in (980 + Int64(i * 37 % 41), 36.5 + Float(i % 9) / 10, 0, i % 50 == 0 ? 2 : 0) },
        seed { i in (i % 60 == 0 ? 90_000 : 1000, Float(i * i % 97) * 125 / 128, 1000, 0) },
        seed { i in (Int64(1 + i * i), Float(i).squareRoot(), UInt32(1 + i * i), UInt8(i % 3)) },
        [0],
    ]

    /// A chunk of samples told by their distance, value, span and quality.
    private static func seed(_ sample: (Int) -> (Int64, Float, UInt32, UInt8)) -> [UInt8] {
        var columns = SampleColumns()
        var time: Int64 = 1_700_000_000_000
        for i in 0..<70 {
            let (step, value, span, quality) = sample(i)
            time += step
            columns.times.append(time)
            columns.values.append(value)
            columns.spans.append(span)
            columns.qualities.append(quality)
            columns.revisions.append(quality / 2)
            columns.delays.append(Int64(i) * 11)
        }
        return Array(ChunkCodec.encode(columns, key: 0).dropFirst(5))
    }

    static func complaint(about bytes: [UInt8]) -> String? {
        guard let columns = decoded(bytes) else { return nil }
        for i in columns.times.indices.dropFirst() where columns.times[i] <= columns.times[i - 1] {
            return "sample \(i) is not after the one before"
        }
        let again = decoded(Array(ChunkCodec.encode(columns, key: 0).dropFirst(5)))
        guard let again else { return "what was decoded does not decode when it is written again" }
        guard again.values.map(\.bitPattern) == columns.values.map(\.bitPattern), again.times == columns.times,
            again.spans == columns.spans, again.qualities == columns.qualities, again.revisions == columns.revisions,
            again.delays == columns.delays
        else { return "what was decoded is not what comes back when it is written again" }
        return nil
    }

    private static func decoded(_ bytes: [UInt8]) -> SampleColumns? {
        bytes.withUnsafeBytes { try? ChunkCodec.columns(of: $0) }
    }
}
