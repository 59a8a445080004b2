/// What is on a disk after some steps: for certain, and perhaps.
///
/// Certain is what was synchronised. Of the rest a power cut leaves anything: each write, each sector of it, each change of a
/// name is there or not, whatever their order. That is more than any file system does to its users, and all that POSIX
/// promises them.
struct DiskImage {
    /// How much of what is not certain is there.
    enum Luck: CaseIterable {
        case all, none, someWrites, tornWrites, lastIsTorn
    }

    private enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    private static let sector = 512
    private var contents: [Int: [UInt8]]
    private var changes: [Int: [Change]] = [:]
    private var names: [String: Int]
    /// Names that a step gives to files, or (`nil`) takes from them: all at once or not at all.
    private var renames: [[(name: String, file: Int?)]] = []
    /// The names as a program sees them.
    private var seen: [String: Int]

    init(_ disk: WatchedDisk) {
        contents = disk.contents
        names = disk.firstNames
        seen = disk.firstNames
    }

    /// - Parameter isLost: whether a synchronisation is one in name only.
    mutating func take(_ step: DiskStep, isLost: Bool = false) {
        switch step {
        case .create(let name, let file): rename([(name, file)])
        case .write(let file, let offset, let bytes):
            changes[file, default: []].append(.write(offset: offset, bytes: bytes))
        case .truncate(let file, let length): changes[file, default: []].append(.truncate(length))
        case .rename(let from, let to): rename([(from, nil), (to, seen[from])])
        case .remove(let name): rename([(name, nil)])
        case .sync(let file?) where !isLost:
            for change in changes[file] ?? [] { Self.apply(change, to: &contents[file, default: []]) }
            changes[file] = nil
        case .sync(nil) where !isLost:
            for rename in renames { Self.apply(rename, to: &names) }
            renames = []
        case .failedSync(let file?): changes[file] = nil
        case .sync, .failedSync, .acknowledged: break
        }
    }

    private mutating func rename(_ rename: [(name: String, file: Int?)]) {
        Self.apply(rename, to: &seen)
        renames.append(rename)
    }

    private static func apply(_ rename: [(name: String, file: Int?)], to names: inout [String: Int]) {
        for (name, file) in rename { names[name] = file }
    }

    private static func apply(_ change: Change, to content: inout [UInt8]) {
        switch change {
        case .truncate(let length):
            if length < content.count { content.removeLast(content.count - length) }
            content += [UInt8](repeating: 0, count: length - content.count)
        case .write(let offset, let bytes):
            let end = offset + bytes.count
            if end > content.count { content += [UInt8](repeating: 0, count: end - content.count) }
            content.replaceSubrange(offset..<end, with: bytes)
        }
    }

    /// The files as the next start may find them.
    func files(_ luck: Luck, _ random: inout Seeded) -> [String: [UInt8]] {
        var found = names
        for rename in renames where luck == .all || luck != .none && Bool.random(using: &random) {
            Self.apply(rename, to: &found)
        }
        return found.mapValues { file in
            var content = contents[file] ?? []
            let changes = changes[file] ?? []
            for (i, change) in changes.enumerated() {
                switch luck {
                case .none: break
                case .all: Self.apply(change, to: &content)
                case .someWrites: if Bool.random(using: &random) { Self.apply(change, to: &content) }
                case .tornWrites: Self.tear(change, &content, &random)
                case .lastIsTorn:
                    if i < changes.count - 1 {
                        Self.apply(change, to: &content)
                    } else {
                        Self.tear(change, &content, &random)
                    }
                }
            }
            return content
        }
    }

    /// Applies some sectors of a write.
    private static func tear(_ change: Change, _ content: inout [UInt8], _ random: inout Seeded) {
        guard case .write(let offset, let bytes) = change else { return apply(change, to: &content) }
        var start = offset
        while start < offset + bytes.count {
            let end = min((start / sector + 1) * sector, offset + bytes.count)
            if Bool.random(using: &random) {
                apply(.write(offset: start, bytes: Array(bytes[start - offset..<end - offset])), to: &content)
            }
            start = end
        }
    }
}
