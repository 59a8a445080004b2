import Links
import Vitals

/// The options that tell how files of measurements are to be understood: those of `import` and `replay`.
enum SampleArguments {
    static let person = Syntax.Option("person", "NAME", "whose body was measured")

    static let options: [Syntax.Option] = [
        .init("zone", "ZONE", "zone of times without an offset, e.g. Europe/Berlin (the person's, else UTC)"),
        .init(
            "map", "COLUMN=NAME,…", "what columns hold: a metric such as heart_rate, or time, or ignore", repeats: true),
        .init("span", "SPAN", "time that each amount (steps) covers (the file's own step)"),
        .init("stamp", "start|end", "whether an amount's time is the start or end of its span (start)"),
        .init("metric", "METRIC", "what a column without a known name measures"),
        .init("unit", "ms|s", "unit of heartbeat intervals (by their size)"),
        .init("start", "TIME", "when a list without clock times began"),
        .init("source", "NAME", "name of the device it came from (the first file's name)"),
    ]

    private enum Stamp: String, CaseIterable { case start, end }

    /// - Parameter zone: answers where `--zone` was not given.
    static func options(_ arguments: Arguments, source: DeviceID, zone: Zone) throws -> ImportOptions {
        let zone = try arguments.zone() ?? zone
        var options = ImportOptions(source: source, zone: zone)
        for text in arguments.all("map") { options.map.merge(try map(text)) { _, later in later } }
        options.span = try arguments.span("span")
        options.stamp = try arguments.choice("stamp", Stamp.self) == .end ? .end : .start
        options.metric = try arguments.metric("metric")
        options.unit = try arguments.choice("unit", ImportOptions.IntervalUnit.self)
        options.start = try arguments.time("start", in: zone)
        return options
    }

    private static func map(_ text: String) throws(CommandError) -> [String: ColumnRole] {
        do { return try ImportOptions.map(text) } catch { throw .usage("--map: \(error.message)") }
    }

    /// The device that the files of one command line stand for: its id follows from its name, so that importing a file
    /// again finds the series it made before.
    static func source(_ arguments: Arguments) throws(CommandError) -> Device {
        let stem = stem(of: try arguments.positional(0))
        let name = arguments.text("source") ?? stem
        return Device(id: DeviceID(derivedFrom: name), name: name)
    }

    /// `data/ada.csv.gz` → `ada`
    static func stem(of path: String) -> String {
        var name = FileTree.name(of: path)
        for ending in [".gz", ".csv", ".txt", ".tsv"]
        where name.hasSuffix(ending) && name.utf8.count > ending.utf8.count {
            name.removeLast(ending.count)
        }
        return name
    }

    /// The person a command line names: the store's one of that name, else a new one.
    static func person(_ arguments: Arguments, among people: [Person]) throws(CommandError) -> Person {
        let name = try arguments.required("person")
        if let known = people.first(where: { $0.name == name || "\($0.id)" == name }) { return known }
        guard !name.isEmpty, name.utf8.count <= 64, !name.contains(where: { $0.isNewline || $0 == "/" }) else {
            throw .usage("--person '\(name)': expected a short name (1 to 64 bytes, no slash)")
        }
        return Person(id: PersonID(derivedFrom: name), name: name, zone: try arguments.zone()?.name ?? "UTC")
    }

    /// The samples of all files in order of time. Of two files with the same metric and time the first one's value
    /// stays; how many went is noted.
    static func read(_ paths: [String], _ options: ImportOptions, on console: Console) throws -> [Sample] {
        var merged: [Sample] = []
        var dropped = 0
        for path in paths {
            let imported = try SampleFile.read(path: path, options: options) { progress in
                let share = progress.size > 0 ? " \(progress.bytes * 100 / progress.size) %" : ""
                console.show(status: "reading \(FileTree.name(of: path)):\(share) \(progress.rows) rows")
            }
            console.clearStatus()
            console.note("\(path): \(imported.report)")
            if merged.isEmpty {
                merged = imported.samples
            } else {
                merged = merge(merged, imported.samples, dropped: &dropped)
            }
        }
        if dropped > 0 { console.note("\(dropped) values that an earlier file has for the same time were dropped") }
        return merged
    }

    /// Merges two lists sorted by (time, metric). Complexity: O(both lengths).
    static func merge(_ a: [Sample], _ b: [Sample], dropped: inout Int) -> [Sample] {
        var merged: [Sample] = []
        merged.reserveCapacity(a.count + b.count)
        var i = 0
        var j = 0
        while i < a.count, j < b.count {
            let left = (a[i].time, a[i].metric.rawValue)
            let right = (b[j].time, b[j].metric.rawValue)
            if left <= right {
                merged.append(a[i])
                i += 1
                if left == right {
                    j += 1
                    dropped += 1
                }
            } else {
                merged.append(b[j])
                j += 1
            }
        }
        merged += a[i...]
        merged += b[j...]
        return merged
    }
}
