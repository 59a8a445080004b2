import Profiles
import RuleEngine
import Vitals

/// A configuration made ready: profiles and rules compiled, people and devices found by id.
struct Household {
    let configured: Configured
    let book: RuleBook
    let profiles: ProfileLibrary
    /// Sorted by id, so that the order of people in a file changes nothing.
    let people: [Person]

    init(_ configured: Configured) {
        self.configured = configured
        book = RuleBook(files: configured.rules) { "\(ContentHash(of: $0))" }
        profiles = ProfileLibrary(files: configured.profiles)
        people = configured.people.sorted { $0.id < $1.id }
        devices = Dictionary(configured.devices.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private let devices: [DeviceID: Device]

    func device(_ id: DeviceID) -> Device? { devices[id] }

    func profile(of device: Device) -> Profile? { device.profile.flatMap { profiles.named($0) } }

    /// What was put aside, one message per file.
    var problems: [String] { profiles.errors.map { "\($0)" } + book.errors.map { "\($0)" } }
}

extension Household {
    static func ruleLoads(_ file: Configured.File) -> Bool {
        RuleBook(files: [file]) { "\(ContentHash(of: $0))" }.errors.isEmpty
    }

    /// Whether a profile loads beside the others, which it may extend.
    static func profileLoads(_ file: Configured.File, beside others: [Configured.File]) -> Bool {
        ProfileLibrary(files: [file], extending: others.filter { $0.path != file.path }).errors.isEmpty
    }

    /// Each new file that loads; in place of one that does not, the file of the same path that was in force.
    static func usable(
        _ new: [Configured.File], else old: [Configured.File], _ loads: (Configured.File) -> Bool
    ) -> [Configured.File] {
        // What is in force has been tried: most files of a reload are unchanged.
        let inForce = Set(old)
        return new.compactMap { file in
            inForce.contains(file) || loads(file) ? file : old.first { $0.path == file.path }
        }
    }
}

extension ProfileLibrary {
    /// The profile of an id, or of a file's name without its ending: people write either.
    func named(_ name: String) -> Profile? {
        self[name] ?? profiles.first { $0.file == "\(name).json5" || $0.file.hasSuffix("/\(name).json5") }
    }
}
