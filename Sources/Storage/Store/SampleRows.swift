import Vitals

/// Samples as stores of versions 1 and 2 keep them: rows of the table `sample`. Read until the store is upgraded.
enum SampleRows {
    static let sql = "SELECT time, value, lag, span, quality, revision FROM sample"

    /// The sample in the current row.
    static func sample(_ row: Statement, of metric: Metric, from source: DeviceID) -> Sample {
        let time = row.int64(0)
        let value = row.double(1)
        return Sample(
            metric: metric, value: value == 0 && row.isNull(1) ? .nan : Float(value),
            time: Timestamp(milliseconds: time), span: UInt32(truncatingIfNeeded: row.int64(3)),
            received: Timestamp(milliseconds: time &+ row.int64(2)), source: source,
            quality: Quality(rawValue: UInt8(truncatingIfNeeded: row.int64(4))),
            revision: UInt8(truncatingIfNeeded: row.int64(5)))
    }
}
