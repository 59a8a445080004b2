import JSON5
import Vitals

/// What one file in `DeviceProfiles/` says: how a kind of device is recognised, connected and decoded.
///
/// ```swift
/// let profile = try Profile(text: text, file: "DeviceProfiles/ble-hrs.json5")
/// let failures = profile.check()   // empty when its own examples come true
/// var decoder = Decoder(profile)
/// ```
///
/// The language is described in `DeviceProfiles/README.md`.
public struct Profile: Sendable {
    /// How well the profile is known to be right.
    public enum Proof: String, CaseIterable, Sendable {
        /// At least one vector holds bytes of a real device.
        case captured
        /// Written after a specification or somebody's source code.
        case specification
    }

    /// Stable dotted name, stored with each sample's device.
    public internal(set) var id = ""
    public internal(set) var version = 1
    /// For people.
    public internal(set) var name = ""
    public internal(set) var transport = Transport.ble
    /// Of several profiles that match, the highest wins.
    public internal(set) var priority = 0
    public internal(set) var proof: Proof?
    public internal(set) var match = Match()
    public internal(set) var link = LinkSettings()
    /// For serial devices; `nil` there only where a driver opens the device itself.
    public internal(set) var port: PortSettings?
    public internal(set) var probe: Probe?
    public internal(set) var connect: [Step] = []
    public internal(set) var disconnect: [Step] = []
    public internal(set) var keepAlive: [Recurring] = []
    public internal(set) var poll: [Recurring] = []
    public internal(set) var live = LiveSteps()
    /// Without a frame for so long the link counts as silent.
    public internal(set) var silence: TimeSpan?
    /// Whether a silent link is closed and opened again.
    public internal(set) var watchdogReconnects = false
    /// Names of the inputs and where they come from.
    public internal(set) var inputs: [String: Source] = [:]
    /// Expected interval between values, by input.
    public internal(set) var cadence: [String: TimeSpan] = [:]
    public internal(set) var vectors: [Vector] = []
    /// Every metric its messages can yield, in the order of the file.
    public internal(set) var metrics: [Metric] = []
    /// The path it was read from.
    public internal(set) var file = ""
    /// FNV-1a of the text, to tell whether a checkpoint belongs to it.
    public internal(set) var fingerprint: UInt64 = 0

    /// The profile whose messages and inputs it takes over.
    public internal(set) var extends: String?
    /// What the device's clock shows, as far as its steps set it.
    public internal(set) var clock = DeviceClock.local
    /// Values of `cfg.NAME` in its steps.
    public internal(set) var settings: [String: Int] = [:]

    var program = Program(Tables())
    /// Where fields end up, by name; one for each message that has a field of that name.
    var fieldSlots: [String: [FieldSlot]] = [:]

    /// Where the bytes of an input come from.
    public enum Source: Hashable, Sendable {
        case serial
        case characteristic(BluetoothUUID)
        case manufacturerData(UInt16)
        case serviceData(BluetoothUUID)
    }

    /// Reads a profile file.
    ///
    /// - Parameter others: files of profiles that it may extend.
    /// - Throws: `JSONError` with file, line and column of the first mistake.
    public init(text: String, file: String, extending others: [Configured.File] = []) throws(JSONError) {
        self = try Profile(try JSONDocument.parse(text, file: file), bases: Profile.documents(others))
    }

    init(_ document: JSONDocument, bases: [String: JSONDocument]) throws(JSONError) {
        var parser = ProfileParser(document, bases: bases)
        self = try parser.read()
    }

    /// The documents that can be read at all, by id; of two the later.
    static func documents(_ files: [Configured.File]) -> [String: JSONDocument] {
        byID(files.compactMap { try? JSONDocument.parse($0.text, file: $0.path) })
    }

    static func byID(_ documents: [JSONDocument]) -> [String: JSONDocument] {
        let named = documents.compactMap { document in (try? document.reader.string("id")).map { ($0, document) } }
        return Dictionary(named) { $1 }
    }

    init() {}

    /// Whether code is needed to connect.
    public var hasDriver: Bool {
        connect.contains { if case .driver = $0 { true } else { false } }
    }

    /// The first input of the file: what `decode` takes when none is named.
    public var defaultInput: String? { program.inputs.first?.name }
}

/// The profiles of a hub.
public struct ProfileLibrary: Sendable {
    /// The good ones, the highest priority first.
    public private(set) var profiles: [Profile] = []
    /// Why files were put aside; the others work.
    public private(set) var errors: [JSONError] = []

    /// Reads profile files. Of two with the same id the later wins, so that `/etc` can replace what was shipped; within
    /// one directory that is a mistake.
    ///
    /// - Parameter others: files of profiles that these may extend, without becoming part of the library.
    public init(files: [Configured.File], extending others: [Configured.File] = []) {
        let documents = files.map { file in
            Result { () throws(JSONError) in try JSONDocument.parse(file.text, file: file.path) }
        }
        let own = Profile.byID(documents.compactMap { try? $0.get() })
        let bases = Profile.documents(others).merging(own) { $1 }
        for (file, document) in zip(files, documents) {
            do throws(JSONError) {
                let document = try document.get()
                try add(try Profile(document, bases: bases), file, document)
            } catch {
                errors.append(error)
            }
        }
        profiles.sort { ($1.priority, $0.id) < ($0.priority, $1.id) }
    }

    private mutating func add(
        _ profile: Profile, _ file: Configured.File, _ document: JSONDocument
    ) throws(JSONError) {
        guard let index = profiles.firstIndex(where: { $0.id == profile.id }) else {
            profiles.append(profile)
            return
        }
        if Self.directory(profiles[index].file) == Self.directory(file.path) {
            throw try document.reader.required("id").error(
                "profile '\(profile.id)' is already in \(profiles[index].file): give one of them another id")
        }
        profiles[index] = profile
    }

    private static func directory(_ path: String) -> Substring {
        path.lastIndex(of: "/").map { path[..<$0] } ?? ""
    }

    public subscript(id: String) -> Profile? { profiles.first { $0.id == id } }

    public var ids: [String] { profiles.map(\.id) }

    /// The known id that a misspelt one probably meant.
    public func nearest(to id: String) -> String? { JSON5.nearest(id, in: ids) }
}
