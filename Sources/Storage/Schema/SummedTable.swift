/// A table whose rows carry a checksum in their column `sum` (``RowSum``).
///
/// Chunks, journal rows and whatever else is a block of bytes have checksums in the block; all other rows have this one.
struct SummedTable {
    let name: String
    /// What the sum covers, in this order.
    let columns: [String]

    static let head = SummedTable(name: "head", columns: ["hub", "epoch", "sequence", "at"])
    /// What a series is; its extents change with every commit, and `check` counts them.
    static let series = SummedTable(name: "series", columns: ["id", "person", "metric", "source"])
    static let event = SummedTable(
        name: "event",
        columns: [
            "id", "sequence", "person", "kind", "phase", "rule", "severity", "onset", "decided", "title", "text",
            "content",
        ])
    static let outbox = SummedTable(name: "outbox", columns: ["event", "recipient", "sequence", "person", "content"])
    static let state = SummedTable(name: "state", columns: ["person", "component", "sequence", "version", "bytes"])
    static let command = SummedTable(name: "command", columns: ["id", "sequence", "at", "actor", "content"])
    static let person = SummedTable(name: "person", columns: ["id", "sequence", "name", "zone", "content"])
    static let device = SummedTable(name: "device", columns: ["id", "sequence", "name", "profile", "content"])
    static let assignment = SummedTable(
        name: "assignment", columns: ["device", "device_user", "start", "stop", "person", "sequence"])

    static let all = [head, series, event, outbox, state, command, person, device, assignment]

    /// SQL for the sum over those values, by default the columns of the row.
    func sum(of values: [String]? = nil) -> String {
        "\(RowSum.function)('\(name)', \((values ?? columns).joined(separator: ", ")))"
    }

    /// SQL that is true for a row as it was written.
    var isIntact: String { "sum IS \(sum())" }

    /// SQL that inserts a row; its parameters are the columns in their order.
    var insertion: String {
        let parameters = columns.indices.map { "?\($0 + 1)" }
        return "INSERT INTO \(name)(\(columns.joined(separator: ", ")), sum) "
            + "VALUES(\(parameters.joined(separator: ", ")), \(sum(of: parameters)))"
    }
}
