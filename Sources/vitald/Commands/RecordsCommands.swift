import Glibc
import Hub
import JSON5
import Storage
import Vitals

/// What the commands about records have in common.
private enum RecordArguments {
    static let store = [StoreFile.option, StoreFile.person]
    static let by = Syntax.Option("by", "NAME", "who writes it (the user that runs the command)")

    /// The record whose id begins with these hexadecimal digits, among those in force.
    static func record(_ text: String, in store: SQLiteStore) throws -> Record {
        let digits = text.lowercased().filter { $0 != "-" }
        let found = try store.records(of: nil, kind: nil).filter {
            "\($0.id)".filter { $0 != "-" }.hasPrefix(digits)
        }
        guard let first = found.first, !digits.isEmpty else { throw CommandError.failed("no record with id \(text)") }
        guard found.count == 1, let record = try store.record(first.id) else {
            throw CommandError.failed("\(found.count) records begin with \(text): give more digits of the id")
        }
        return record
    }

    /// Has a new record of the person stored, and prints its id.
    static func put(
        _ content: Record.Content, payload: [UInt8] = [], _ arguments: Arguments, on console: Console
    ) throws {
        let followed = try FollowedStore(arguments)
        let person = try StoreFile.person(arguments, in: followed.store)
        let by = arguments.text("by") ?? ""
        let record = Record(
            id: .random(), person: person.id, at: HubClock.wall(), author: by, content, payload: payload)
        try followed.put(record, by: by)
        console.out.line("\(record.id)")
    }
}

/// `vitald records list`
enum RecordsListCommand: Subcommand {
    static let syntax = Syntax(
        "records list", "List notes, documents, facts, goals and what else was written down",
        options: [
            StoreFile.option, .init("person", "NAME", "only this person's"),
            .init("kind", "KIND", "only \(Record.Kind.allCases.map(\.name).joined(separator: ", "))"), RowFormat.option,
        ], examples: ["vitald records list --store home.db --person ada --kind note"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let names = Record.Kind.allCases.map(\.name)
        let kind = try arguments.text("kind").map { (text) throws(CommandError) in
            guard let kind = Record.Kind.allCases.first(where: { $0.name == text }) else {
                throw .usage("--kind '\(text)': expected one of \(listed(names))", hint: didYouMean(text, in: names))
            }
            return kind
        }
        let store = try StoreFile.open(arguments)
        let people = try store.people()
        let person = try StoreFile.person(arguments, among: people)
        let zone = StoreFile.zone(of: person.map { [$0] } ?? people)
        var rows = RowWriter(
            [
                .init("at", zone: zone), .init("id"), .init("person"), .init("kind"), .init("author"),
                .init("bytes", isNumber: true), .init("text"),
            ], as: format, on: console)
        for record in try store.records(of: person?.id, kind: kind) {
            var size = Cell.missing
            if case .document(_, _, let bytes) = record.content { size = .integer(bytes) }
            rows.row([
                .time(record.at, zone), .id("\(record.id)"),
                .text(people.first { $0.id == record.person }?.name ?? "\(record.person)"), .text(record.kind.name),
                .text(record.author), size, .text(record.text),
            ])
        }
        rows.end()
        if rows.count == 0 { console.note("no such records") }
    }
}

/// `vitald records note`
enum RecordsNoteCommand: Subcommand {
    static let syntax = Syntax(
        "records note", "Write down a note about a person",
        positionals: [.init("TEXT", "what is to be kept")],
        options: RecordArguments.store + [RecordArguments.by, DaemonSocket.option],
        notes: ["Prints the id of the note. While the daemon runs it goes through the daemon."],
        examples: ["vitald records note 'slept badly, new mattress' --store home.db --person ada --by ada"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        try RecordArguments.put(.note(try arguments.positional(0)), arguments, on: console)
    }
}

/// `vitald records document`
enum RecordsDocumentCommand: Subcommand {
    static let syntax = Syntax(
        "records document", "Keep a file with a person's data: a letter, a scan, 20 MB at most",
        positionals: [.init("FILE", "the file to be kept")],
        options: RecordArguments.store + [
            .init("type", "TYPE", "its media type (application/octet-stream)"), RecordArguments.by, DaemonSocket.option,
        ],
        notes: ["Prints the id of the document. While the daemon runs it goes through the daemon."],
        examples: ["vitald records document letter.pdf --type application/pdf --store home.db --person ada"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.positional(0)
        let payload = try bytes(of: path)
        let type = arguments.text("type") ?? "application/octet-stream"
        try RecordArguments.put(
            .document(name: FileTree.name(of: path), mediaType: type, size: payload.count), payload: payload, arguments,
            on: console)
    }

    private static func bytes(of path: String) throws(CommandError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed("\(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw .failed("\(path): \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= Record.mostBytes else {
                throw .failed(
                    "\(path) is larger than \(Record.mostBytes >> 20) MB, which is the most that a store takes",
                    hint: "make it smaller, or keep it elsewhere")
            }
        }
    }
}

/// `vitald records get`
enum RecordsGetCommand: Subcommand {
    static let syntax = Syntax(
        "records get", "Print a document's bytes as they are, or a note's text",
        positionals: [.init("ID", "the record's id or its beginning")],
        options: [StoreFile.option], examples: ["vitald records get 3f2a9c01 --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let record = try RecordArguments.record(try arguments.positional(0), in: StoreFile.open(arguments))
        if record.kind == .document { console.out.write(record.payload) } else { console.out.line(record.text) }
    }
}

/// `vitald records delete`
enum RecordsDeleteCommand: Subcommand {
    static let syntax = Syntax(
        "records delete", "Take a record back",
        positionals: [.init("ID", "the record's id or its beginning")],
        options: [StoreFile.option, RecordArguments.by, DaemonSocket.option],
        notes: ["That there was one stays, for those who follow the store; what it said goes."],
        examples: ["vitald records delete 3f2a9c01 --store home.db --by ada"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let followed = try FollowedStore(arguments)
        let record = try RecordArguments.record(try arguments.positional(0), in: followed.store)
        let by = arguments.text("by") ?? ""
        try followed.put(Record(deleting: record, at: HubClock.wall(), author: by), by: by)
        console.note("deleted \(record.kind.name) \(record.id)")
    }
}
