import Profiles
import Vitals

/// Which adapter is whose: what was asked for, what is plugged in, and what probes found. Decides; does nothing.
///
/// Rules:
/// - A person's word comes first: adapters that a path or `usb:` names are never offered to `auto`.
/// - An adapter whose ids the profile marks `probe: true` is given away only after its device answered.
/// - `auto` takes the one adapter that answers; it never guesses between two, nor between two people with the same kind
///   of device.
/// - Once found, a device keeps its adapter until it is unplugged, whatever else is plugged in.
/// - Under `auto`, what answered in another language is not disturbed again until it is unplugged: it may be a printer. A
///   stream with good frames in it, though too few, is listened to again: the hub may have been too busy to hear it all.
struct PortClaims: Sendable {
    typealias Identity = SerialAdapter.Identity

    /// What the last probe of an adapter said.
    private struct Answer {
        var profile: String?
        var reason: LinkError
        var tries = 1
        /// When to ask again, on the stopwatch; `nil` for never.
        var due: Int64?
    }

    var requests: [PortRequest]
    private(set) var adapters: [SerialAdapter] = []
    private var answers: [Identity: Answer] = [:]
    private var chosen: [DeviceID: Identity] = [:]

    /// A device that was silent may wake (a finger, a switch); milliseconds, doubled with each try.
    private static let silentPause: Int64 = 2000
    private static let longestSilentPause: Int64 = 60_000
    /// Another device's port, or one that somebody holds, is asked less often.
    private static let foreignPause: Int64 = 10_000
    private static let longestForeignPause: Int64 = 300_000

    init(_ requests: [PortRequest]) { self.requests = requests }

    /// Takes what is plugged in now. What is gone is forgotten: plugged in again, it is another.
    mutating func look(_ adapters: [SerialAdapter]) {
        self.adapters = adapters
        let present = Set(adapters.map(\.identity))
        answers = answers.filter { present.contains($0.key) }
        chosen = chosen.filter { present.contains($0.value) }
    }

    // MARK: Where is it?

    /// The path of a device's port.
    mutating func locate(_ device: DeviceID) throws(LinkError) -> String {
        guard let request = requests.first(where: { $0.device == device }) else {
            throw LinkError(.missing, path: "\(device)", "no port was asked for")
        }
        if case .path(let path) = request.port { return path }
        if let kept = keeper(of: request) { return kept.path }
        let adapter = try request.port == .auto ? find(request) : named(request)
        chosen[device] = adapter.identity
        return adapter.path
    }

    /// The path that a device's port has, as far as is known.
    func found(_ device: DeviceID) -> String? {
        guard let request = requests.first(where: { $0.device == device }) else { return nil }
        if case .path(let path) = request.port { return path }
        return keeper(of: request)?.path
    }

    private func keeper(of request: PortRequest) -> SerialAdapter? {
        guard let identity = chosen[request.device] else { return nil }
        return adapters.first { $0.identity == identity }
    }

    private func named(_ request: PortRequest) throws(LinkError) -> SerialAdapter {
        let adapter = try request.port.only(of: adapters)
        guard request.match(adapter).needsProbe else { return adapter }
        guard let answer = answers[adapter.identity] else { throw Self.asking(request, [adapter]) }
        guard answer.profile == request.profile.id else { throw answer.reason }
        return adapter
    }

    private func find(_ request: PortRequest) throws(LinkError) -> SerialAdapter {
        let rivals = requests.filter { $0.port == .auto && $0.profile.id == request.profile.id }
        guard rivals.count == 1 else {
            throw LinkError(
                .ambiguous, path: "auto",
                "\(rivals.map(\.name).joined(separator: " and ")) both ask for any \(request.profile.id): whose is which "
                    + "cannot be told; write a port for each ('vitald devices list --ports' shows them)")
        }
        let candidates = offered(to: request)
        guard !candidates.isEmpty else {
            throw LinkError(
                .missing, path: "auto",
                "no adapter that profile \(request.profile.id) names is plugged in; if yours is another one, write "
                    + "its port ('vitald devices list --ports' shows it)")
        }
        let fits = candidates.filter { adapter in
            !request.match(adapter).needsProbe || answers[adapter.identity]?.profile == request.profile.id
        }
        let open = candidates.filter { request.match($0).needsProbe && answers[$0.identity] == nil }
        guard open.isEmpty else { throw Self.asking(request, open) }
        guard let first = fits.first else {
            let reasons = candidates.compactMap { answers[$0.identity]?.reason.description }
            throw LinkError(.unanswered, path: "auto", reasons.joined(separator: "; "))
        }
        guard fits.count == 1 else { throw PortName.auto.ambiguous(fits, of: adapters) }
        return first
    }

    private static func asking(_ request: PortRequest, _ adapters: [SerialAdapter]) -> LinkError {
        LinkError(
            .pending, path: request.port.description,
            "\(adapters.map(\.path).joined(separator: ", ")) is being probed for \(request.profile.id)")
    }

    /// The adapters that `auto` may take.
    private func offered(to request: PortRequest) -> [SerialAdapter] {
        let taken = spokenFor
        return adapters.filter { request.match($0).matches && !taken.contains($0.identity) }
    }

    /// Adapters that a person named, or that an `auto` of another device has.
    private var spokenFor: Set<Identity> {
        var taken: Set<Identity> = []
        for request in requests where request.port != .auto {
            let found = request.port.resolve(adapters: adapters)
            if found.count == 1, let only = found.first { taken.insert(only.identity) }
        }
        return taken.union(chosen.values)
    }

    // MARK: Probes

    /// An adapter that is due to be probed, and for whom.
    func nextProbe(at now: Int64) -> (adapter: SerialAdapter, profiles: [Profile])? {
        for adapter in adapters {
            if let answer = answers[adapter.identity] {
                guard answer.profile == nil, let due = answer.due, due <= now else { continue }
            }
            let profiles = profiles(for: adapter)
            if !profiles.isEmpty { return (adapter, profiles) }
        }
        return nil
    }

    /// When the next adapter is due; `nil` when none is.
    func nextDue() -> Int64? {
        adapters.compactMap { adapter in
            guard let answer = answers[adapter.identity], answer.profile == nil, let due = answer.due,
                !profiles(for: adapter).isEmpty
            else { return nil }
            return due
        }.min()
    }

    /// Whose language to try: of those who named the adapter; of those who look for any, else. Of nobody when the ids
    /// alone decide, or the device has its adapter.
    private func profiles(for adapter: SerialAdapter) -> [Profile] {
        let waiting = requests.filter { keeper(of: $0) == nil && request($0, needsProbeOf: adapter) }
        let named = waiting.filter { request in
            guard request.port != .auto else { return false }
            let found = request.port.resolve(adapters: adapters)
            return found.count == 1 && found.first?.identity == adapter.identity
        }
        if !named.isEmpty { return named.map(\.profile) }
        guard !spokenFor.contains(adapter.identity) else { return [] }
        return waiting.filter { $0.port == .auto }.map(\.profile)
    }

    private func request(_ request: PortRequest, needsProbeOf adapter: SerialAdapter) -> Bool {
        guard request.isSearched else { return false }
        let match = request.match(adapter)
        return match.matches && match.needsProbe
    }

    /// Takes what a probe found. Returns a line for the log, unless it is what the last one said.
    mutating func take(_ verdict: SerialProbe.Verdict, of adapter: SerialAdapter, at now: Int64) -> String? {
        let last = answers[adapter.identity]
        let tries = last.map { $0.tries + 1 } ?? 1
        var answer = Answer(profile: verdict.profile, reason: verdict.reason, tries: tries)
        let isNamed = requests.contains { request in
            request.port != .auto
                && request.port.resolve(adapters: adapters).contains { $0.identity == adapter.identity }
        }
        if verdict.profile != nil {
            answer.due = nil
        } else if let refusal = verdict.refusal, refusal.code != .busy {
            answer.due = now + Self.pause(Self.silentPause, Self.longestSilentPause, tries)
        } else if verdict.refusal == nil, verdict.isSilent || verdict.findings.contains(where: { $0.frames > 0 }) {
            answer.due = now + Self.pause(Self.silentPause, Self.longestSilentPause, tries)
        } else if verdict.refusal != nil || isNamed {
            answer.due = now + Self.pause(Self.foreignPause, Self.longestForeignPause, tries)
        }
        answers[adapter.identity] = answer
        if let last, last.profile == answer.profile, last.reason.code == answer.reason.code { return nil }
        guard let profile = verdict.profile else { return answer.reason.description }
        return "\(adapter.path): \(profile) answers; its port is \(adapter.exactSpelling(among: adapters))"
    }

    private static func pause(_ first: Int64, _ longest: Int64, _ tries: Int) -> Int64 {
        min(first << Int64(min(max(tries - 1, 0), 20)), longest)
    }

    /// Something was plugged in, named or opened to this group: what the kernel refused may be allowed now.
    mutating func reconsiderRefusals(at now: Int64) {
        for identity in answers.keys where [.permission, .missing, .other].contains(answers[identity]?.reason.code) {
            answers[identity]?.due = now
        }
    }

    // MARK: Hints

    /// What a person should know about the names of ports that are configured.
    func hints() -> [String] {
        requests.compactMap { request in
            let found = request.port.resolve(adapters: adapters)
            switch request.port {
            case .auto: return nil
            case .path(let path):
                guard let adapter = found.first, adapter.path == path, adapter.hasTwin(in: adapters) else { return nil }
                return "\(request.name): \(path) is one of several adapters \(adapter.ids ?? ""), which may swap names "
                    + "when they are plugged in again; write \(adapter.exactSpelling(among: adapters)) as its port"
            case .usb:
                guard found.count > 1, let kept = keeper(of: request) else { return nil }
                return "\(request.name): another adapter \(kept.ids ?? "") is plugged in now; write "
                    + "\(kept.exactSpelling(among: adapters)) as its port to stay with this one"
            }
        }
    }
}

extension SerialProbe.Verdict {
    /// Why the port is not claimed.
    var reason: LinkError {
        if let refusal { return refusal }
        let asked = findings.map(\.profile).joined(separator: ", ")
        guard let loudest = findings.max(by: { ($0.frames, $0.bytes) < ($1.frames, $1.bytes) }), !isSilent else {
            return LinkError(
                .missing, path: path, "silent: no byte came for \(asked); is the device switched on and worn?")
        }
        return LinkError(
            .unanswered, path: path,
            "not \(asked): \(loudest.frames) good frames and \(loudest.errors) bad stretches in \(loudest.bytes) "
                + "bytes (\(loudest.excerpt)…)")
    }
}
