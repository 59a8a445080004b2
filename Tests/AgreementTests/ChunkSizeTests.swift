import Testing
import Vitals

@testable import Storage

/// How much room real recordings take at rest: second-level workouts of watches that others wore.
@Suite("Chunks of real heart rate", .enabled(if: SharedData.isHere)) struct ChunkSizeTests {
    /// DESIGN §10; the entropy of these files is about 1.4 bits.
    static let mostBits = 1.8

    @Test("an hour of heart rate at 1 Hz takes at most 1.8 bits a sample, with times, qualities and all heads")
    func bits() throws {
        var bytes = 0
        var count = 0
        let list = try SharedData.rows("workouts/manifest.csv")
        for name in list.dropFirst().compactMap(\.first) {
            let columns = try heartRate("workouts/csv/\(name).csv.gz")
            // Those that record every second, with few exceptions; others keep only what changed.
            let steady = zip(columns.times, columns.times.dropFirst()).count { $1 - $0 == 1000 }
            guard columns.count > 1, Double(steady) > 0.9 * Double(columns.count) else { continue }
            var start = 0
            while start < columns.count {
                let end = columns.index(notBefore: columns.times[start] + 3_600_000)
                bytes += ChunkCodec.encode(columns[start..<end], key: 0).count
                count += end - start
                start = end
            }
        }
        try #require(count > 50_000)
        let bits = Double(bytes * 8) / Double(count)
        print("heart rate at 1 Hz: \(count) samples, \(bits) bits a sample")
        #expect(bits < Self.mostBits)
    }

    private func heartRate(_ path: String) throws -> SampleColumns {
        let rows = try SharedData.rows(path)
        var columns = SampleColumns()
        guard let header = rows.first, let value = header.firstIndex(of: "hr"), let when = header.firstIndex(of: "time")
        else { return columns }
        for row in rows.dropFirst() {
            guard let rate = Float(row[value]), let time = ISO8601.parse(String(row[when])),
                time.milliseconds > columns.times.last ?? .min
            else { continue }
            columns.append(
                Sample(
                    metric: .heartRate, value: rate, time: time, received: time, source: DeviceID(high: 1, low: 1)))
        }
        return columns
    }
}
