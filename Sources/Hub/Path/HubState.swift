import Vitals

/// What the path itself remembers from commit to commit, beside the states of people.
struct HubState {
    var lastTick: Timestamp
    var now: Timestamp
    var sources: SourceWatch
    /// Decoders that an earlier version kept here; now each has a state of its own, see `DeviceTable`.
    private(set) var decoders: [DeviceID: [UInt8]] = [:]

    private static let name = "path"
    private static let version = 1

    init(lastTick: Timestamp, now: Timestamp, sources: SourceWatch) {
        self.lastTick = lastTick
        self.now = now
        self.sources = sources
    }

    /// Finds it among the states of a store; a fresh one when it is not there.
    init(_ states: [ComponentState]) throws(PathError) {
        self.init(lastTick: .distantPast, now: .distantPast, sources: SourceWatch())
        guard let state = states.first(where: { $0.person == nil && $0.component == Self.name }) else { return }
        do {
            var reader = ByteReader(state.bytes)
            lastTick = try reader.time()
            now = try reader.time()
            sources = try reader.wire()
            for _ in 0..<(try reader.length()) {
                let device: DeviceID = try reader.id()
                decoders[device] = try reader.blob()
            }
        } catch {
            throw PathError("the stored state of the path cannot be read: \(error)")
        }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.time(lastTick)
        writer.time(now)
        writer.wire(sources)
        writer.count(0)
        return writer.bytes
    }

    static func component(_ bytes: [UInt8]) -> ComponentState {
        ComponentState(person: nil, component: name, version: version, bytes: bytes)
    }
}
