import JSON5
import Storage
import Vitals

/// What `vitald run --config FILE` reads: where things are, who lives here, what they wear.
public struct Configuration: Sendable {
    /// Name of the hub, for people.
    public var hubName: String
    public var storePath: String
    /// The key of an encrypted store; `nil` looks at the usual places (`SQLiteStore.open(path:mode:keyFile:)`).
    public var keyFile: String?
    public var socketPath: String
    public var profileFolders: [String]
    public var ruleFolders: [String]
    /// How often the store is written when no event asks for it at once: 1 s to 30 s.
    public var commitInterval: TimeSpan
    public var people: [Person]
    public var devices: [Device]
    public var assignments: [Assignment]
    /// Keys that profiles ask for by name (`$secret.name`). They go to drivers only: never into recordings or the store.
    public var secrets: [String: String]
    /// How far back stored data is asked for, by the name of a device; zero: not at all.
    public var history: [String: TimeSpan]
    /// How long samples are kept, and whose; later ones win. Without any, for ever.
    public var retention: [RetentionRule]
    /// How long and how much is kept for followers of the store.
    public var feed: FeedLimits

    public static let defaultSocketPath = "/run/vitald/vitald.sock"
    /// A ring or watch left in a drawer for a week has lost nothing: most store that long. Without being told to, since
    /// whoever wears a ring at night expects the night at breakfast.
    public static let usualHistory = TimeSpan.days(7)
    static let historyBounds = TimeSpan.hours(1)...TimeSpan.days(366)
    /// Shorter would only wear the disk; longer would lose more than half a minute in a power cut (DESIGN §5).
    static let commitBounds = TimeSpan.seconds(1)...TimeSpan.seconds(30)
    static let feedAgeBounds = TimeSpan.zero...TimeSpan.days(366)
    /// In MB: less would lose followers within minutes.
    static let feedSizeBounds = 1...1_000_000

    public init(
        hubName: String, storePath: String, keyFile: String? = nil,
        socketPath: String = Configuration.defaultSocketPath,
        profileFolders: [String], ruleFolders: [String], commitInterval: TimeSpan = .seconds(1), people: [Person],
        devices: [Device], assignments: [Assignment], secrets: [String: String] = [:],
        history: [String: TimeSpan] = [:], retention: [RetentionRule] = [], feed: FeedLimits = FeedLimits()
    ) {
        self.hubName = hubName
        self.storePath = storePath
        self.keyFile = keyFile
        self.socketPath = socketPath
        self.profileFolders = profileFolders
        self.ruleFolders = ruleFolders
        self.commitInterval = commitInterval
        self.people = people
        self.devices = devices
        self.assignments = assignments
        self.secrets = secrets
        self.history = history
        self.retention = retention
        self.feed = feed
    }

    /// How far back the stored data of a device is asked for; zero: not at all.
    public func history(of device: String) -> TimeSpan { history[device] ?? Self.usualHistory }

    /// Reads a configuration file. Relative paths in it are relative to its folder.
    ///
    /// - Throws: `JSONError` with file, line and column for anything wrong in it.
    public static func load(path: String) throws(JSONError) -> Configuration {
        let document = try JSONDocument.load(path: path)
        return try ConfigurationParser(document: document, folder: folder(of: path)).parse()
    }

    public static func parse(_ text: String, file: String) throws(JSONError) -> Configuration {
        let document = try JSONDocument.parse(text, file: file)
        return try ConfigurationParser(document: document, folder: folder(of: file)).parse()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension Configuration {
    /// The rules and profiles named by the configuration, read whole, with everything else a decision depends on.
    ///
    /// - Parameter putAside: Told of each file that cannot be read; the others are used.
    /// - Throws: When a folder itself cannot be read.
    public func configured(putAside: (FolderError) -> Void) throws(FolderError) -> Configured {
        var aside: [FolderError] = []
        let configured = Configured(
            people: people, devices: devices, assignments: assignments,
            profiles: try Folder.files(in: profileFolders, ending: ".json5", aside: &aside),
            rules: try Folder.files(in: ruleFolders, ending: ".json5", aside: &aside))
        for error in aside { putAside(error) }
        return configured
    }
}
