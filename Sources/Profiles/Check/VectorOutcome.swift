import JSON5
import Vitals

/// What came of a file of vectors.
public struct VectorOutcome: Sendable {
    public var passed = 0
    public var failures: [VectorFailure] = []
    /// Vectors that name no profile and that no profile of the library is for: they were not run.
    public var unmatched: [String] = []
    /// Expected fields that the profile does not read under that name, by vector: they were not compared.
    public var uncompared: [(vector: String, field: String)] = []

    public init() {}
}

extension ProfileLibrary {
    /// Decodes every vector of a file and compares what comes out with what is expected.
    public func run(_ file: VectorFile) -> VectorOutcome {
        var outcome = VectorOutcome()
        for entry in file.entries {
            if let profile = profile(for: entry) {
                let trial = VectorTrial(entry, profile)
                outcome.uncompared += trial.uncompared.map { (entry.id, $0) }
                if trial.differences.isEmpty {
                    outcome.passed += 1
                } else {
                    outcome.failures.append(entry.failure(trial.differences.joined(separator: "; "), profile.id))
                }
            } else if let name = entry.profile {
                let hint = didYouMean(name, in: ids).map { " (\($0))" } ?? ""
                outcome.failures.append(entry.failure("there is no profile '\(name)'\(hint)", name))
            } else {
                outcome.unmatched.append(entry.id)
            }
        }
        return outcome
    }

    /// The profile that a vector names; or else the one that has it among its own, that alone reads all of its
    /// channels by where they come from, or that alone has vectors of the same device.
    func profile(for entry: VectorFile.Entry) -> Profile? {
        if let name = entry.profile { return self[name] }
        let able = profiles.filter { profile in
            entry.feeds.allSatisfy { profile.input(ofChannel: $0.channel) != nil }
        }
        if let own = able.first(where: { $0.vectors.contains { $0.id == entry.id } }) { return own }
        // Of several the most general one: a vendor's own profile is for that vendor's devices.
        let readers = able.filter { profile in entry.feeds.allSatisfy { profile.inputs[$0.channel] == nil } }
        if let general = readers.min(by: { ($0.priority, $0.id) < ($1.priority, $1.id) }) { return general }
        guard let device = entry.device else { return nil }
        let known = able.filter { $0.vectors.contains { $0.device == device } }
        return known.count == 1 ? known.first : nil
    }
}

extension Profile {
    /// The input of that name, or the one whose bytes come from that place: a characteristic (`2A37`), manufacturer data
    /// (`man:006B`) or service data (`svc:FEE0`) of advertisements.
    func input(ofChannel channel: String) -> String? {
        if inputs[channel] != nil { return channel }
        let source: Source?
        if channel.hasPrefix("man:") {
            source = UInt16(channel.dropFirst(4), radix: 16).map { .manufacturerData($0) }
        } else if channel.hasPrefix("svc:") {
            source = BluetoothUUID(String(channel.dropFirst(4))).map { .serviceData($0) }
        } else {
            source = BluetoothUUID(channel).map { .characteristic($0) }
        }
        guard let source else { return nil }
        return program.names.first { inputs[$0] == source }
    }
}

extension VectorFile.Entry {
    func failure(_ message: String, _ profile: String) -> VectorFailure {
        VectorFailure(
            profile: profile, vector: id,
            error: JSONError(.invalidValue, file: file, at: location, "vector \(id) (\(profile)): \(message)"))
    }
}

extension VectorFailure {
    /// All of it in one line, without the excerpt of the file.
    public var line: String { "\(error.file ?? ""):\(error.location): \(error.message)" }
}
