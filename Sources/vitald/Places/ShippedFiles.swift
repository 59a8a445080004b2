/// Where the profiles and rules that come with vitald are.
///
/// `$VITALD_SHARE` names the folder that holds `DeviceProfiles` and `Rules`; unset, it is `share/vitald` beside the
/// `bin` folder of the program (an installation), or the source tree that the program was built in.
struct ShippedFiles: Sendable {
    /// A folder of shipped files.
    enum Kind: String, Sendable {
        case profiles = "DeviceProfiles"
        case rules = "Rules"

        /// The option that names another folder instead.
        var option: Syntax.Option {
            switch self {
            case .profiles: .init("profiles", "DIR", "profiles from this folder instead of the shipped ones")
            case .rules: .init("rules", "DIR", "rules from this folder (or this file) instead of the shipped ones")
            }
        }
    }

    static let variable = "VITALD_SHARE"
    /// Build products lie at most this deep below the package: `.build/x86_64-unknown-linux-gnu/release/vitald`.
    static let deepestBuild = 6

    /// Folders that are looked at, the first one that is there answers.
    let candidates: [String]
    private let isNamed: Bool

    /// - Parameters:
    ///   - share: the value of `$VITALD_SHARE`.
    ///   - executable: the program's own path.
    ///   - exists: whether there is something at a path.
    init(
        share: String? = Terminal.variable(variable), executable: String? = FileTree.executable(),
        exists: (String) -> Bool = FileTree.exists
    ) {
        if let share, !share.isEmpty {
            candidates = [share]
            isNamed = true
            return
        }
        isNamed = false
        var candidates: [String] = []
        if let executable {
            var folder = FileTree.folder(of: executable)
            candidates.append("\(FileTree.folder(of: folder))/share/vitald")
            for _ in 0..<ShippedFiles.deepestBuild where folder != "/" && folder != "." {
                folder = FileTree.folder(of: folder)
                if exists("\(folder)/Package.swift") { candidates.append(folder) }
            }
        }
        self.candidates = candidates
    }

    /// The folder of shipped profiles or rules.
    func folder(_ kind: Kind, isFolder: (String) -> Bool = FileTree.isFolder) throws(CommandError) -> String {
        let paths = candidates.map { $0.hasSuffix("/") ? "\($0)\(kind.rawValue)" : "\($0)/\(kind.rawValue)" }
        if let found = paths.first(where: isFolder) { return found }
        let place = paths.isEmpty ? "" : " (looked at \(paths.joined(separator: ", ")))"
        let name = kind == .profiles ? "profiles" : "rules"
        throw .failed(
            "no folder with \(name)\(place)",
            hint: isNamed ? "$\(Self.variable) names it" : "name it with --\(name) DIR or $\(Self.variable)")
    }

    /// The folder that `--profiles` or `--rules` names, or the shipped one.
    static func folder(_ kind: Kind, _ arguments: Arguments) throws(CommandError) -> String {
        if let path = arguments.text(kind == .profiles ? "profiles" : "rules") { return path }
        return try ShippedFiles().folder(kind)
    }
}
