import Glibc
import Storage
import Vitals

/// `vitald store backup`
enum StoreBackupCommand: Subcommand {
    static let syntax = Syntax(
        "store backup", "Copy a store while the daemon writes it, and verify the copy",
        positionals: [.init("FILE", "the backup, a file that is not there yet; or a folder")],
        options: [
            StoreFile.option,
            .init("keep", "N", "of a folder: remove older backups of this store but the newest N"),
        ],
        notes: [
            "The copy is of the moment at which it begins, leaves room for commits, and is read back whole before it gets its name.",
            "In a folder it is named after the store and its last commit: 'home-2026-11-30T171200Z.db'. Older ones are removed only "
                + "after the new one was found whole.",
        ],
        examples: [
            "vitald store backup /mnt/usb/home.db --store home.db",
            "vitald store backup /mnt/usb/vitald --store home.db --keep 14",
        ])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let target = try arguments.positional(0)
        let keep = try arguments.integer("keep", in: 1...Int.max)
        let isFolder = FileTree.isFolder(target)
        if keep != nil, !isFolder {
            throw CommandError.usage("--keep is for a folder of backups, and \(target) is none")
        }
        let path = try arguments.required("store")
        let store = try StoreFile.open(arguments)
        let stem = String(FileTree.name(of: path).prefix { $0 != "." })
        let name = isFolder ? "\(target)/\(stem)-\(moment(try store.lastCommit())).db" : target
        if FileTree.exists(name) {
            throw CommandError.failed(
                "\(name) is there already\(isFolder ? ": nothing was committed since" : "")",
                hint: isFolder ? nil : "name another file, or remove it first")
        }
        let backup = try store.backUp(to: name) { console.show(status: "copying \(Int($0 * 100)) %") }
        console.clearStatus()
        console.out.line("\(name): \(backup.bytes) bytes, up to commit \(backup.sequence) of \(backup.at)")
        for problem in backup.problems { console.out.line(problem) }
        guard backup.problems.isEmpty else {
            throw CommandError.failed(
                "the store itself is damaged, and so is its backup",
                hint: "'vitald store repair', or restore an older one")
        }
        guard let keep else { return }
        let backups = FileTree.names(in: target).filter { isBackup($0, of: stem) }.sorted()
        for old in backups.dropLast(keep) {
            guard unlink("\(target)/\(old)") == 0 else {
                throw CommandError.failed("cannot remove \(target)/\(old): \(String(cString: strerror(errno)))")
            }
            console.out.line("removed \(target)/\(old)")
        }
    }

    /// A moment as part of a name: its order is that of time, and every file system takes it.
    private static func moment(_ time: Timestamp) -> String {
        ISO8601.format(time.floored(to: .seconds(1))).filter { $0 != ":" }
    }

    /// Whether a name is one that this command gave: nothing else is ever removed.
    static func isBackup(_ name: String, of stem: String) -> Bool {
        guard name.hasPrefix("\(stem)-"), name.hasSuffix("Z.db") else { return false }
        let moment = name.dropFirst(stem.count + 1).dropLast(3)
        return moment.count == 18
            && moment.enumerated().allSatisfy { i, c in
                switch i {
                case 4, 7: c == "-"
                case 10: c == "T"
                case 17: c == "Z"
                default: c.isASCII && c.isNumber
                }
            }
    }
}

/// `vitald store restore`
enum StoreRestoreCommand: Subcommand {
    static let syntax = Syntax(
        "store restore", "Put a backup in the place of a store",
        positionals: [.init("BACKUP", "what 'vitald store backup' made")],
        options: [StoreFile.option],
        notes: [
            "The backup is verified first. What was there is kept beside it as FILE.old-1; stop the daemon before.",
            "A restored store is a store of its own: whoever follows its commits is told to copy it anew.",
        ],
        examples: ["vitald store restore /mnt/usb/home.db --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        let old = try SQLiteStore.restore(
            try arguments.positional(0), to: path, keyFile: arguments.text(StoreFile.keyFile)
        ) {
            console.show(status: "copying \(Int($0 * 100)) %")
        }
        console.clearStatus()
        let sequence = try StoreFile.open(arguments).sequence
        console.out.line("\(path): restored up to commit \(sequence)")
        if let old { console.out.line("what was there before is \(old)") }
    }
}

/// `vitald store repair`
enum StoreRepairCommand: Subcommand {
    static let syntax = Syntax(
        "store repair", "Make a store of everything that is readable in a damaged one",
        options: [StoreFile.option],
        notes: [
            "Every page is looked at, and what proves itself by its checksum is kept; what is lost is said. What was there is kept beside "
                + "it as FILE.old-1; stop the daemon before. A daemon that cannot start otherwise does this by itself.",
            "A store in which nothing is damaged is left alone. An encrypted one stays encrypted with its key.",
        ],
        examples: ["vitald store repair --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        // Opened for writing, it says whether a daemon runs; closed, its log is in the file.
        let problems: [String]
        do throws(StoreError) {
            let store = try SQLiteStore.open(
                path: path, mode: .write(hub: .random(), createIfMissing: false),
                keyFile: arguments.text(StoreFile.keyFile))
            problems = store.takeDamage() + (try store.check())
            store.close()
        } catch {
            guard error.code == .damaged else { throw error }
            problems = [error.message]
        }
        guard !problems.isEmpty else { return console.out.line("\(path): nothing is damaged; it was left alone") }
        for problem in problems { console.out.line("found: \(problem)") }
        let report = try SQLiteStore.repair(
            path: path, hub: .random(), keyFile: arguments.text(StoreFile.keyFile))
        for line in report.lines { console.out.line(line) }
    }
}

/// `vitald store compact`
enum StoreCompactCommand: Subcommand {
    static let syntax = Syntax(
        "store compact", "Give the room back that is free in a store",
        options: [StoreFile.option],
        notes: [
            "The daemon uses free room again by itself: this is for a store that will not grow any more, or after much was removed. "
                + "Stop the daemon before. Needs the room of the store once more while it runs."
        ],
        examples: ["vitald store compact --store home.db"])

    static func run(_ arguments: Arguments, on console: Console) throws {
        let path = try arguments.required("store")
        guard let store = try StoreFile.openToWrite(path, arguments) else {
            throw CommandError.failed("no store at \(path)")
        }
        defer { StoreFile.close(store, path, on: console) }
        let (before, after) = try store.compact()
        console.out.line("\(path): \(after) bytes, \(before - after) fewer")
    }
}
