extension Migrations {
    // MARK: Version 8

    // SQLite does not see a bit that flips within a value: rows get sums (``SummedTable``), with one for what earlier
    // versions wrote. `series_copy` says a second time, on pages of its own, whose samples and of what the chunks are: without
    // that a year of chunks would be anybody's. `damaged_row` keeps what was found damaged, as far as it can be read.
    static let sums =
        [
            SummedTable.head, .series, .event, .outbox, .state, .command, .person, .device, .assignment,
        ].map { table in
            """
            ALTER TABLE \(table.name) ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
            UPDATE \(table.name) SET sum = \(table.sum());
            """
        }.joined(separator: "\n") + """

            CREATE INDEX series_copy ON series(person, metric, source, sum);
            CREATE TABLE damaged_row(
                number INTEGER PRIMARY KEY, place TEXT NOT NULL, reason TEXT NOT NULL, content BLOB NOT NULL);
            """
}
