import Hub
import Storage
import Vitals

/// `vitald store follow`
enum StoreFollowCommand: Subcommand {
    /// How what is followed comes out.
    private enum Format: String, CaseIterable {
        case jsonl
        case wire
    }

    static let name = Syntax.Option("name", "NAME", "who follows: commits are kept until they were written out")
    static let by = Syntax.Option("by", "NAME", "who orders it (the user that runs the command)")

    static let syntax = Syntax(
        "store follow", "Print what is committed to a store, from some commit on",
        options: [
            StoreFile.option, name,
            .init("from", "N", "the last commit that is known already; 0 begins with a copy of the whole store"),
            .init("once", nil, "end after the last commit instead of waiting for the next"),
            .init("no-ack", nil, "leave it to 'vitald store ack' to say what arrived"),
            .init("format", "FORMAT", "jsonl (for people and scripts) or wire (everything, for 'vitald store apply')"),
            by, DaemonSocket.option,
        ],
        notes: [
            "Works beside the daemon. What is printed for a commit is the same each time, whatever is sealed or compacted.",
            "With a name it goes on where it last ended, and --from goes back or forward. A commit is kept until all followers "
                + "have it and a day has passed, in 256 MB at most; who falls behind that is told what is missing, and is sent "
                + "a copy of the store.",
            "Without a name nothing is kept: --from 0 --once is a copy of the store as it is.",
        ],
        examples: [
            "vitald store follow --store home.db --name dashboard",
            "vitald store follow --store home.db --name mirror --format wire | vitald store apply --store mirror.db",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let name = arguments.text("name")
        let asked = try arguments.integer("from", in: 0...Int.max).map { UInt64($0) }
        let format = try arguments.choice("format", Format.self) ?? .jsonl
        if format == .wire, console.outTerminal.isTerminal {
            throw CommandError.usage("--format wire is for pipes and files, not for a terminal")
        }
        var followed = try FollowedStore(arguments)
        let by = arguments.text("by") ?? ""
        let known = try followed.store.followers()
        var position = asked ?? known.first { $0.name == name }?.sequence ?? 0
        if let name {
            if asked != nil || !known.contains(where: { $0.name == name }) {
                try followed.follow(name, after: position, by: by)
                try followed.reopen()
            }
        } else if known.isEmpty, !arguments.has("once") {
            throw CommandError.usage(
                "nobody follows this store, so no commit is kept: give --name, or --once for a copy of it as it is")
        }

        func put(_ item: FeedItem) throws(WireError) {
            switch format {
            case .jsonl: console.out.line(try FeedJSON(people: [], devices: []).line(item))
            case .wire:
                var writer = ByteWriter()
                writer.wire(item)
                console.out.write(writer.bytes)
            }
        }
        var isToldOfFailure = false
        func acknowledge() {
            console.out.flush()
            guard console.out.isIntact, let name, !arguments.has("no-ack") else { return }
            // What is not acknowledged is kept, and the next one says it, too.
            do { try followed.follow(name, after: position, by: by) } catch {
                if !isToldOfFailure { console.note("not acknowledged yet: \(error)") }
                isToldOfFailure = true
            }
        }

        try put(.beginning(followed.store.identity, after: position))
        while true {
            let page = try followed.store.feed(after: position, atMost: pageBytes)
            if let missing = page.missing {
                if position > 0 { try put(.missing(missing)) }
                position = try copy(followed.store, put)
                try put(.copied(position))
                acknowledge()
            } else if let last = page.commits.last {
                for commit in page.commits { try put(.commit(commit)) }
                position = last.sequence
                acknowledge()
            } else if arguments.has("once") {
                return
            } else {
                console.out.flush()
                if try followed.wait() {
                    // Restored: its numbers mean something else.
                    position = 0
                    try put(.beginning(followed.store.identity, after: 0))
                }
            }
        }
    }

    /// What is read at a time.
    private static let pageBytes = 1 << 20

    private static func copy(_ store: SQLiteStore, _ put: (FeedItem) throws(WireError) -> Void) throws -> UInt64 {
        try store.copy { (part) throws(StoreError) in
            do throws(WireError) { try put(.part(part)) } catch {
                throw StoreError(.damaged, path: "", "a part of the copy cannot be written: \(error)")
            }
        }
    }
}

/// `vitald store ack`
enum StoreAckCommand: Subcommand {
    static let syntax = Syntax(
        "store ack", "Say what a follower of a store has",
        positionals: [.init("NAME", "who follows"), .init("N", "the last commit that arrived, with all before it")],
        options: [StoreFile.option, StoreFollowCommand.by, DaemonSocket.option],
        notes: [
            "The number may be less than before: then what came since is sent again, as far as it is kept.",
            "A name that is new follows from then on.",
        ],
        examples: ["vitald store ack dashboard 1200 --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let text = try arguments.positional(1)
        guard let sequence = UInt64(text) else {
            throw CommandError.usage("'\(text)': expected the number of a commit")
        }
        try FollowedStore(arguments).follow(
            try arguments.positional(0), after: sequence, by: arguments.text("by") ?? "")
    }
}

/// `vitald store followers`
enum StoreFollowersCommand: Subcommand {
    static let syntax = Syntax(
        "store followers", "List who follows a store, and what they have",
        options: [StoreFile.option, RowFormat.option], examples: ["vitald store followers --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let format = try RowFormat.chosen(arguments, on: console)
        let store = try StoreFile.open(arguments)
        let zone = StoreFile.zone(of: try store.people())
        let head = store.sequence
        var rows = RowWriter(
            [
                .init("name"), .init("commit", isNumber: true), .init("behind", isNumber: true),
                .init("at", zone: zone),
                .init("lost", isNumber: true), .init("gaps", isNumber: true),
            ], as: format, on: console)
        for follower in try store.followers() {
            rows.row([
                .text(follower.name), .integer(Int(clamping: follower.sequence)),
                .integer(Int(clamping: head - min(head, follower.sequence))), .time(follower.at, zone),
                .integer(follower.lost), .integer(follower.gaps),
            ])
        }
        rows.end()
        if rows.count == 0 { console.note("nobody follows this store") }
    }
}

/// `vitald store unfollow`
enum StoreUnfollowCommand: Subcommand {
    static let syntax = Syntax(
        "store unfollow", "Keep no more commits for a follower of a store",
        positionals: [.init("NAME", "who no longer follows")],
        options: [StoreFile.option, StoreFollowCommand.by, DaemonSocket.option],
        examples: ["vitald store unfollow dashboard --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let name = try arguments.positional(0)
        try FollowedStore(arguments).unfollow(name, by: arguments.text("by") ?? "")
        console.note("\(name) no longer follows the store")
    }
}
