import Hub
import Vitals

/// `vitald query`
enum QueryCommand: Subcommand {
    static let syntax = Syntax(
        "query", "Evaluate an expression over stored data, one row per step",
        positionals: [.init("EXPRESSION", "e.g. 'mean(heart_rate, 10m)' or 'zscore(resting_heart_rate, 28d) > 2'")],
        options: [
            StoreFile.option, StoreFile.person,
            .init("from", "TIME", "first step: ISO 8601, or milliseconds since 1970 (all that is stored)"),
            .init("to", "TIME", "end, not included"),
            .init("step", "SPAN", "distance of the rows, e.g. 5m (1m)"), RowFormat.option,
        ],
        notes: [
            "The language is that of the rules. Functions over a window: "
                + WindowFunction.available.map(\.rawValue).sorted().joined(separator: ", ")
                + "; median, quantile and functions of beats of at most \(WindowFunction.longestSampleWindow), "
                + "sample_entropy and cosen of \(WindowFunction.longestEntropyWindow). Further baseline, zscore, stale, "
                + "age_of, abs, min, max, clamp, if, else, and, or, not. A metric alone is its latest value. Metrics: "
                + Metric.allCases.map(\.name).joined(separator: ", ") + ".",
            "A row's value is that of the expression at the end of its step. Unknown is written as 'unknown' in tables, "
                + "nothing in CSV, null in JSON lines. Durations are milliseconds in CSV and JSON lines. Times without an "
                + "offset are local to the person; tables show that zone, CSV and JSON lines UTC.",
        ],
        examples: [
            "vitald query 'mean(heart_rate, 1h)' --store home.db --person ada --from 2026-11-20 --step 1h",
            "vitald query 'resting_heart_rate' --store home.db --step 1d --format csv",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let step = try arguments.span("step") ?? StoreQuery.defaultStep
        let store = try StoreFile.open(arguments)
        let person = try StoreFile.person(arguments, in: store)
        let zone = StoreFile.zone(of: [person])
        let range = try arguments.range(in: zone)
        var rows: RowWriter?
        try StoreQuery.run(
            expression: try arguments.positional(0), store: store, person: person, range: range, step: step
        ) { time, value, type in
            if rows == nil { rows = RowWriter(columns(type, zone), as: format, on: console) }
            rows?.row([.time(time, zone), cell(value, type, in: format)])
        }
        if rows == nil {
            rows = RowWriter(columns(.number, zone), as: format, on: console)
            console.note("nothing is stored of \(person.name) in that time")
        }
        rows?.end()
    }

    private static func columns(_ type: ValueType, _ zone: Zone) -> [RowWriter.Column] {
        [.init("time", zone: zone), .init("value", isNumber: type != .boolean)]
    }

    private static func cell(_ value: Double, _ type: ValueType, in format: RowFormat) -> Cell {
        guard value.isFinite else { return .number(.nan) }
        switch type {
        case .number: return .number(value)
        case .boolean: return .boolean(value != 0)
        case .duration:
            // Beyond 2^53 a Double has no whole milliseconds left.
            guard format == .table, value.magnitude < 9e15 else { return .number(value) }
            return .text("\(TimeSpan(milliseconds: Int64(value)))")
        }
    }
}
