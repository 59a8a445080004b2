import Storage
import Vitals

/// `vitald store key`
enum StoreKeyCommand: Subcommand {
    static let syntax = Syntax(
        "store key", "Make a key for an encrypted store",
        positionals: [.init("FILE", "where to write it; readable by its owner only")],
        notes: [
            "Whoever loses the key has lost the store, backups included: keep a copy of it where the store is not. A new store "
                + "is encrypted when a key is named: --key-file, key_file in the configuration, $VITALD_KEY_FILE, or a credential "
                + "of systemd called \(StoreFile.credential)."
        ],
        examples: ["vitald store key /etc/vitald/store.key"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.positional(0)
        try StoreKey.make(path)
        console.out.line("a new key is in \(path); keep a copy of it where the store is not")
    }
}

/// `vitald store encrypt`
enum StoreEncryptCommand: Subcommand {
    static let syntax = Syntax(
        "store encrypt", "Encrypt a store, or give an encrypted one another key",
        options: [
            StoreFile.option, .init(StoreFile.keyFile, "FILE", "the key ('vitald store key' makes one)").required(),
            .init("old-key-file", "FILE", "the key that the store is encrypted with now"),
        ],
        notes: [
            "Sealed with XChaCha20-Poly1305, a data key for each person, wrapped with the store's key: samples with their "
                + "sums, journal, kept commits, people, devices, events, records, commands, recipients and component states. To be "
                + "read stay: ids, times, counts and sizes, metrics, the kind, phase and severity of events, names of components and "
                + "followers, who wore which device when. The SQL views go.",
            "A copy takes the store's place once it was checked. Blocks that the disk freed may hold what was plain until it "
                + "uses them again. A store that the daemon writes is refused.",
        ],
        examples: ["vitald store encrypt --store home.db --key-file /etc/vitald/store.key"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        let key = try StoreKey.read(try arguments.required(StoreFile.keyFile))
        let old = try arguments.text("old-key-file").map { (path) throws(StoreError) in try StoreKey.read(path) }
        try SQLiteStore.reseal(path: path, from: old, to: key)
        console.out.line("\(path) is encrypted; without the key nobody can read it, you included")
    }
}

/// `vitald store decrypt`
enum StoreDecryptCommand: Subcommand {
    static let syntax = Syntax(
        "store decrypt", "Make an encrypted store a plain one again",
        options: [StoreFile.option, .init(StoreFile.keyFile, "FILE", "its key").required()],
        notes: ["A copy takes the store's place once it was checked. A store that the daemon writes is refused."],
        examples: ["vitald store decrypt --store home.db --key-file /etc/vitald/store.key"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        let key = try StoreKey.read(try arguments.required(StoreFile.keyFile))
        try SQLiteStore.reseal(path: path, from: key, to: nil)
        console.out.line("\(path) is plain: whoever has the file can read it")
    }
}
