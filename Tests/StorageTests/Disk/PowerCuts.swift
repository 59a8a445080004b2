import CDisk
import Glibc
import Testing
import Vitals

@testable import Storage

/// Cuts the power after steps of what a disk went through, and opens what is there then as a hub does.
struct PowerCuts {
    let disk: WatchedDisk
    /// How many images are looked at, of all there may be.
    var count = rounds(15, soak: 1500)
    /// After so many steps the first cut.
    var first = 0
    /// Steps that only say that they synchronise.
    var isLost: (Int) -> Bool = { _ in false }

    /// What is to be found.
    struct Found {
        let folder: Folder
        /// How many steps came before the cut.
        let step: Int
        /// Number of the last commit that was acknowledged; `nil` where the store may not be there yet.
        let acknowledged: UInt64?
        /// For messages.
        let place: Comment

        /// The commits that may be in it: one may have been under way.
        var bounds: ClosedRange<UInt64> { (acknowledged ?? 0)...(acknowledged ?? 0) + 1 }
    }

    /// Calls `body` with the folder as it is found after a cut, for cuts anywhere.
    func forEach(seed: UInt64, _ body: (Found) throws -> Void) throws {
        var random = Seeded(seed)
        var image = DiskImage(disk)
        var acknowledged: UInt64?
        let possible = (disk.steps.count - first + 1) * DiskImage.Luck.allCases.count
        var last = 0
        for place in 0...disk.steps.count {
            if place > 0 {
                if case .acknowledged(let sequence) = disk.steps[place - 1] { acknowledged = sequence }
                image.take(disk.steps[place - 1], isLost: isLost(place - 1))
            }
            // What is there before all else is so for certain.
            if place == 0, case .acknowledged? = disk.steps.first { continue }
            guard place >= first else { continue }
            for luck in DiskImage.Luck.allCases where Int.random(in: 0..<possible, using: &random) < count {
                let files = image.files(luck, &random)
                // Most steps change nothing that is certain.
                let hash = files.hashValue
                guard hash != last else { continue }
                last = hash
                let folder = try Folder()
                for (name, bytes) in files { try write(bytes, to: folder.path + "/" + name) }
                let told: Comment = "seed \(seed), after step \(place) of \(disk.steps.count), \(luck)"
                do {
                    try WatchedDisk.withoutWaiting {
                        try body(Found(folder: folder, step: place, acknowledged: acknowledged, place: told))
                    }
                } catch { Issue.record("\(told): \(error)") }
            }
        }
    }
}

extension WatchedDisk {
    /// Runs `body` on the machine's disk, and does not wait for it.
    static func withoutWaiting<R>(_ body: () throws -> R) rethrows -> R {
        disk_begin_watch({ _, call in call?.pointee.change == disk_sync ? disk_pretend : 0 }, nil)
        defer { disk_begin_watch(nil, nil) }
        return try body()
    }
}

/// What a store holds after each of some commits.
final class Contents {
    let commit: (UInt64) -> Commit
    private var models = [ModelStore()]

    /// - Parameter commit: the one with that number, from 1.
    init(_ commit: @escaping (UInt64) -> Commit) { self.commit = commit }

    func after(_ sequence: UInt64) throws -> ModelStore {
        while models.count <= sequence {
            let model = ModelStore()
            for number in 1...UInt64(models.count) { _ = try model.commit(commit(number)) }
            models.append(model)
        }
        return models[Int(sequence)]
    }

    /// Expects a store to hold what was acknowledged, and a commit more at most, and to go on from there.
    func expect(
        _ store: SQLiteStore, _ found: PowerCuts.Found, goesOn: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(found.bounds.contains(store.sequence), found.place, sourceLocation: sourceLocation)
        let model = try after(store.sequence)
        let difference = try contentsDifference(store, model)
        #expect(difference == nil, found.place, sourceLocation: sourceLocation)
        #expect(try store.outbox() == model.outbox(), found.place, sourceLocation: sourceLocation)
        #expect(try store.check() == [], found.place, sourceLocation: sourceLocation)
        #expect(store.takeDamage() == [], found.place, sourceLocation: sourceLocation)
        guard goesOn else { return }
        let next = store.sequence + 1
        #expect(try store.commit(commit(next)) == next, found.place, sourceLocation: sourceLocation)
        #expect(try store.connection.integer("SELECT sequence FROM head") == Int64(next), found.place)
    }
}
