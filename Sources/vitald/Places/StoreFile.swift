import JSON5
import Storage
import Vitals

/// The store and the people that a command line names.
enum StoreFile {
    static let option = Syntax.Option("store", "FILE", "the store").required()
    /// The option with the key; every command that has `--store` has it.
    static let keyFile = "key-file"
    static let credential = SQLiteStore.credential
    static let person = Syntax.Option("person", "NAME", "whose data; not needed where the store holds one person")

    /// Opens the store of `--store` for reading; works while a daemon writes it.
    static func open(_ arguments: Arguments) throws -> SQLiteStore {
        let path = try arguments.required("store")
        do { return try SQLiteStore.open(path: path, mode: .read, keyFile: arguments.text(keyFile)) } catch {
            throw error.code == .missing ? missing(path) : error
        }
    }

    /// Opens a store as its one writer; nil where there is none yet.
    static func openToWrite(_ path: String, _ arguments: Arguments) throws(StoreError) -> SQLiteStore? {
        guard FileTree.exists(path) else { return nil }
        return try SQLiteStore.open(
            path: path, mode: .write(hub: .random(), createIfMissing: false), keyFile: arguments.text(keyFile))
    }

    /// Opens a store as its one writer, made where there is none.
    static func openOrMake(_ path: String, hub: HubID, _ arguments: Arguments) throws(StoreError) -> SQLiteStore {
        try SQLiteStore.open(
            path: path, mode: .write(hub: hub, createIfMissing: true), keyFile: arguments.text(keyFile))
    }

    /// Says what a store found damaged while it was written, and closes it.
    static func close(_ store: SQLiteStore?, _ path: String, on console: Console) {
        for line in store?.takeDamage() ?? [] { console.note("\(path): \(line)") }
        store?.close()
    }

    private static func missing(_ path: String) -> any Error {
        let folder = FileTree.folder(of: path)
        let names = FileTree.names(in: folder)
        let near = nearest(FileTree.name(of: path), in: names)
        return CommandError.failed(
            FileTree.isFolder(folder) ? "no store at \(path)" : "no store at \(path): there is no folder \(folder)",
            hint: near.map { path.contains("/") ? "did you mean '\(folder)/\($0)'?" : "did you mean '\($0)'?" })
    }

    /// The person that `--person` names; the only one of the store where it was not given.
    static func person(_ arguments: Arguments, in store: any Store) throws -> Person {
        let people = try store.people()
        if let person = try person(arguments, among: people) { return person }
        if people.count == 1, let only = people.first { return only }
        throw people.isEmpty
            ? CommandError.failed("the store holds nobody yet")
            : CommandError.usage("--person is missing; known: \(listed(people.map(\.name)))")
    }

    /// The person that `--person` names; nil where it was not given.
    static func person(_ arguments: Arguments, among people: [Person]) throws(CommandError) -> Person? {
        guard let name = arguments.text("person") else { return nil }
        if let person = people.first(where: { $0.name == name }) { return person }
        if let id = PersonID(name), let person = people.first(where: { $0.id == id }) { return person }
        let known = people.map(\.name)
        let hint =
            didYouMean(name, in: known) ?? (known.isEmpty ? "the store holds nobody yet" : "known: \(listed(known))")
        throw .failed("unknown person '\(name)'", hint: hint)
    }

    /// The zone that times of a table are shown in: that of all the people, UTC where they differ.
    static func zone(of people: [Person]) -> Zone {
        guard let first = people.first?.zone, people.allSatisfy({ $0.zone == first }) else { return .utc }
        return (try? Zone(named: first)) ?? .utc
    }
}
