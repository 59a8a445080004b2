import Storage
import Vitals

/// `vitald store apply`
enum StoreApplyCommand: Subcommand {
    static let syntax = Syntax(
        "store apply", "Put into a store what another one was followed for, so that they become equal",
        positionals: [
            .init("FILE", "what 'store follow --format wire' printed; else the standard input", isOptional: true)
        ],
        options: [.init("store", "FILE", "the store; made where there is none").required()],
        notes: [
            "What was applied already changes nothing: a feed may be repeated, or begin earlier than it must.",
            "The store is for this alone: a daemon that writes it refuses the command.",
        ],
        examples: [
            "vitald store apply feed.bin --store mirror.db",
            "cat feed.bin | vitald store apply --store mirror.db",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        var stream = try FeedStream(path: arguments.positionals.first ?? "-")
        defer { stream.close() }
        guard case .beginning(let identity, _)? = try stream.next() else {
            throw CommandError.failed("the feed does not begin at its beginning: apply it from its first byte")
        }
        let store = try StoreFile.openOrMake(path, hub: identity.hub, arguments)
        defer { store.close() }
        var (commits, last) = (0, UInt64(0))
        while let item = try stream.next() {
            switch item {
            case .part(let part): try store.commit(part)
            case .copied(let sequence): last = sequence
            case .commit(let commit):
                try store.commit(try content(commit))
                commits += 1
                last = commit.sequence
            case .beginning(let identity, _):
                console.note(
                    "another store took the place of the followed one: epoch \(String(identity.epoch, radix: 16))")
            case .missing(let range):
                console.note(
                    "commits \(range.lowerBound) to \(range.upperBound) are missing; a copy of the store follows")
            }
        }
        console.note("applied up to commit \(last): \(commits) commits after the copy")
    }

    private static func content(_ commit: FeedCommit) throws(CommandError) -> Commit {
        do throws(WireError) { return try commit.commit() } catch {
            throw .failed("commit \(commit.sequence) of the feed cannot be read: \(error)")
        }
    }
}
