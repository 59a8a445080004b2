/// Which tables hold what is known of a person, and by which column: the one list that erasing goes by.
///
/// A test finds every table of the schema here: whoever adds one says whose data it holds.
enum PersonTables {
    enum Reference {
        /// A column with the person's id.
        case person(String)
        /// A column with the row id of one of the person's series.
        case series(String)
        /// A column with a key whose upper 32 bits are the row id of a series.
        case seriesKey(String)
        /// Rows with data of several people, which are written again without the one.
        case mixed
    }

    /// Those that point to series come before the series.
    static let all: [(table: String, by: Reference)] = [
        ("chunk", .seriesKey("key")), ("damaged_chunk", .seriesKey("key")), ("rollup", .seriesKey("key")),
        ("damaged_rollup", .seriesKey("key")), ("retired", .series("series")), ("series", .person("person")),
        ("event", .person("person")), ("outbox", .person("person")), ("state", .person("person")),
        ("assignment", .person("person")), ("record", .person("person")), ("person", .person("id")),
        ("key", .person("person")),
        ("device", .mixed), ("damaged_row", .mixed), ("journal", .mixed), ("command", .mixed), ("feed", .mixed),
    ]

    /// Tables that say nothing of anybody.
    static let impersonal: Set<String> = ["head", "metric", "follower", "forgotten", "key_head"]

    /// The statement that removes a person's rows; ?1 is the person's id.
    static func deletion(_ table: String, _ reference: Reference) -> String? {
        let series = "SELECT id FROM series WHERE person = ?1"
        switch reference {
        case .person(let column): return "DELETE FROM \(table) WHERE \(column) = ?1"
        case .series(let column): return "DELETE FROM \(table) WHERE \(column) IN (\(series))"
        case .seriesKey(let column): return "DELETE FROM \(table) WHERE \(column) >> 32 IN (\(series))"
        case .mixed: return nil
        }
    }
}
