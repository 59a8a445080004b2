import Storage
import Vitals

/// `vitald store forget`
enum StoreForgetCommand: Subcommand {
    static let syntax = Syntax(
        "store forget", "Erase all that a store holds about a person, and prove it",
        options: [
            StoreFile.option, .init("person", "NAME", "whose data; or the person's id").required(),
            .init("yes", "NAME", "the same name again: this cannot be undone"),
        ],
        notes: [
            "Samples, events, states, records, orders, and what is kept for followers, who are told. Devices that nobody else wore go "
                + "as well. Then the file is written anew, and every byte of it searched for the person's id, name and data.",
            "Not reached are backups, the copies that repair and restore put aside (.old-1 …), recordings, files that were "
                + "exported, and the configuration: take the person out of it, or the next start adds them again. A store that "
                + "the daemon writes is refused.",
            "Of an encrypted store the person's key goes too. Backups of it hold that key, wrapped with the store's: give the store "
                + "another key ('store encrypt --old-key-file'), destroy the old one, and what those hold is noise.",
        ],
        examples: ["vitald store forget --store home.db --person ada --yes ada"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        guard let store = try StoreFile.openToWrite(path, arguments) else {
            throw CommandError.failed("no store at \(path)")
        }
        defer { store.close() }
        let name = try arguments.required("person")
        let people = try store.people()
        // Of somebody who is gone already there is no name, but the rest of the work may be left.
        let isListed = people.contains { $0.name == name || "\($0.id)" == name }
        let id = isListed ? nil : PersonID(name)
        let person = try id ?? StoreFile.person(arguments, among: people)?.id
        guard let person else { throw CommandError.failed("unknown person '\(name)'") }
        guard arguments.text("yes") == name else {
            let count = try store.series(of: person).reduce(0) { $0 + $1.count }
            throw CommandError.usage(
                "\(count) samples and all else about \(name) would be erased for ever: if that is meant, add --yes \(name)"
            )
        }
        console.note("erasing \(name); if this is cut off, repeat it with --person \(person) --yes \(person)")
        let erasure = try store.forget(person, at: try store.lastCommit())
        console.out.line(
            "erased \(erasure.samples) samples, \(erasure.events) events and \(erasure.records) records of \(name); "
                + "\(erasure.pieces) pieces of them were looked for in the file")
        for trace in erasure.traces { console.out.line(trace) }
        guard erasure.traces.isEmpty else {
            throw CommandError.failed(
                "something is left", hint: "somebody else's note or comment may bear the name: look for it in the store"
            )
        }
    }
}
