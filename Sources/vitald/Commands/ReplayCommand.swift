import Hub
import Links
import RuleEngine
import Storage
import Vitals

/// `vitald replay`
enum ReplayCommand: Subcommand {
    static let syntax = Syntax(
        "replay", "Run recordings or files through the whole path, print the events",
        positionals: [
            .init("FILE", "recordings (.vrec), or CSV files of one person, which are merged by time", repeats: true)
        ],
        options: [
            .init("store", "FILE", "keep everything in this store; goes on where its last commit ended"),
            .init("person", "NAME", "whose body was measured; needed for CSV, recordings know it"),
            ShippedFiles.Kind.rules.option,
            .init("batch", "N", "inputs between two commits (\(Replay.defaultBatch)); changes no event"),
            .init("verbose", nil, "a line on stderr for each commit: committed SEQUENCE CONSUMED TOTAL"),
        ] + SampleArguments.options,
        notes: [
            "Events go to stdout as JSON lines. A recording brings its own rules, profiles and people. Files of "
                + "measurements drive the clock by their own times, as if every sample had arrived in time."
        ],
        examples: [
            "vitald replay ada_hr.csv.gz ada_steps.csv.gz --person ada --store ada.db",
            "vitald replay yesterday.vrec",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let recordings = arguments.positionals.filter { $0.hasSuffix(".vrec") }
        let batch = try arguments.integer("batch", in: 1...Int.max) ?? Replay.defaultBatch
        guard recordings.isEmpty || recordings.count == arguments.positionals.count else {
            throw CommandError.usage("recordings and files of measurements cannot be mixed in one replay")
        }
        if recordings.isEmpty {
            try replaySamples(arguments, batch: batch, on: console)
        } else {
            try replay(recordings, arguments, batch: batch, on: console)
        }
    }

    // MARK: Sample files

    private static func replaySamples(_ arguments: Arguments, batch: Int, on console: Console) throws {
        let path = arguments.text("store")
        let source = try SampleArguments.source(arguments)
        // As in `import`: an existing store first, a new one last.
        let existing = try path.flatMap { try StoreFile.openToWrite($0, arguments) }
        let known = try existing?.people() ?? []
        let person = try SampleArguments.person(arguments, among: known)
        let options = try SampleArguments.options(arguments, source: source.id, zone: try Zone(named: person.zone))
        let rules = try Folder.files(in: [try ShippedFiles.folder(.rules, arguments)], ending: ".json5")
        try check(rules)
        let samples = try SampleArguments.read(arguments.positionals, options, on: console)
        console.note("sample times drive the clock, as if every sample had arrived in time")
        let configured = Configured(
            people: [person], devices: [source], assignments: [Assignment(device: source.id, person: person.id)],
            profiles: [], rules: rules)
        let store = try existing ?? open(arguments, hub: HubID(derivedFrom: "replay"))
        defer { StoreFile.close(store, path ?? "", on: console) }
        let run = Run(EventJSON(people: [person], devices: [source]), batch: batch, arguments, on: console)
        try Replay.samples(
            samples, of: person, configured: configured, input: try identity(of: arguments, person: person),
            store: store, batch: batch, sink: run.sink)
        run.finish("\(samples.count) samples", count: samples.count, isStored: store != nil)
    }

    /// A rule that does not load ends the replay before it begins: it would look like a rule that stays quiet.
    private static func check(_ rules: [Configured.File]) throws {
        let book = RuleBook(files: rules) { "\(ContentHash(of: $0))" }
        if let error = book.errors.first { throw error }
    }

    /// Names the input by content, so that an interrupted replay is found again: files, options and person, but not
    /// the rules, which may change between two inputs of any path.
    private static func identity(of arguments: Arguments, person: Person) throws -> ContentHash {
        var parts = ["\(person.id)"]
        for path in arguments.positionals { parts.append("\(ContentHash(of: try FileTree.bytes(of: path)))") }
        for option in SampleArguments.options { parts.append("\(option.name)=\(arguments.all(option.name))") }
        return ContentHash(of: parts.joined(separator: "\n"))
    }

    // MARK: Recordings

    private static func replay(_ paths: [String], _ arguments: Arguments, batch: Int, on console: Console) throws {
        for option in ["person", "rules"] + SampleArguments.options.map(\.name) where !arguments.all(option).isEmpty {
            throw CommandError.usage("--\(option) does not go with recordings: they bring their own")
        }
        for path in paths {
            var reader = try RecordingReader(path: path)
            let header = reader.header
            let store = try open(arguments, hub: header.hub)
            defer { StoreFile.close(store, arguments.text("store") ?? "", on: console) }
            let names = EventJSON(people: header.configured.people, devices: header.configured.devices)
            let run = Run(names, batch: batch, arguments, on: console)
            var writer = ByteWriter()
            header.write(to: &writer)
            try Replay.recording(
                &reader, input: ContentHash(of: writer.bytes), store: store, batch: batch, sink: run.sink)
            run.finish(path, count: nil, isStored: store != nil)
        }
    }

    private static func open(_ arguments: Arguments, hub: HubID) throws -> SQLiteStore? {
        try arguments.text("store").map { try StoreFile.openOrMake($0, hub: hub, arguments) }
    }

    /// Prints events as they are decided, and how far a run is.
    private final class Run {
        private let names: EventJSON
        private let console: Console
        private let isVerbose: Bool
        private let batch: Int
        private let began = HubClock.stopwatch()
        private var events = 0
        /// Inputs consumed at the first and the last commit.
        private var consumed: (first: Int, last: Int)?

        init(_ names: EventJSON, batch: Int, _ arguments: Arguments, on console: Console) {
            self.names = names
            self.batch = batch
            self.console = console
            isVerbose = arguments.has("verbose")
        }

        var sink: Replay.Sink {
            Replay.Sink(
                events: { events in
                    for event in events { self.console.out.line(self.names.line(event)) }
                    self.console.out.flush()
                    self.events += events.count
                },
                committed: { sequence, done, total in
                    self.consumed = (self.consumed?.first ?? done, done)
                    if self.isVerbose { self.console.note("committed \(sequence) \(done) \(total)") }
                    let share = total > 0 ? done * 100 / total : 100
                    self.console.show(status: "replaying \(share) %, \(self.events) events")
                })
        }

        /// Says what was done. `count` is that of all inputs, where known; with a store some may have been done before.
        func finish(_ what: String, count: Int?, isStored: Bool) {
            console.clearStatus()
            if isStored, consumed == nil { return console.note("\(what): all of it is in the store already") }
            let before = consumed.map { max(0, $0.first - batch) } ?? 0
            let done = (consumed?.last ?? count).map { $0 - before } ?? 0
            let milliseconds = max(1, HubClock.stopwatch() - began)
            let time = Decimal.text(Double(milliseconds) / 1000, decimals: 1)
            let rate = done > 0 ? ", \(Int64(done) * 1000 / milliseconds) a second" : ""
            let resumed = before > 0 ? " (the first \(before) were in the store already)" : ""
            console.note("\(what)\(resumed): \(events) events in \(time) s\(rate)")
        }
    }
}
