import Vitals

/// What is known of a device from link to link and from run to run: so that stored data is asked for once.
///
/// A link tells each `Change` to its sink between the frames it is about, in their order. Whoever keeps the memory puts it
/// into the same commit as these frames, or a later one: then a crash at any moment asks again rather than leaves out, and
/// what is asked for again has the times it had.
public struct LinkMemory: Hashable, Sendable {
    /// What the profile's driver wants to know again.
    public var driver: DriverMemory?
    /// Everything that was stored on the device then has been handed on.
    public var wholeUntil: Timestamp?

    public enum Change: Hashable, Sendable {
        case driver(DriverMemory)
        case wholeUntil(Timestamp)
    }

    static let component = "link/"
    private static let version = 1

    public init() {}

    public mutating func apply(_ change: Change) {
        switch change {
        case .driver(let memory): driver = memory
        case .wholeUntil(let time): wholeUntil = max(wholeUntil ?? time, time)
        }
    }

    // MARK: State

    /// The memories among the states of a store; one that cannot be read is left out.
    public static func all(in states: [ComponentState]) -> [DeviceID: LinkMemory] {
        var memories: [DeviceID: LinkMemory] = [:]
        for state in states where state.person == nil && state.version == version {
            guard state.component.hasPrefix(component),
                let device = DeviceID(String(state.component.dropFirst(component.count)))
            else { continue }
            var reader = ByteReader(state.bytes)
            memories[device] = try? reader.wire(LinkMemory.self)
        }
        return memories
    }

    public func state(of device: DeviceID) -> ComponentState {
        var writer = ByteWriter()
        writer.wire(self)
        return ComponentState(
            person: nil, component: "\(Self.component)\(device)", version: Self.version, bytes: writer.bytes)
    }
}

extension LinkMemory: WireValue {
    public func write(to writer: inout ByteWriter) {
        writer.optional(wholeUntil) { $0.time($1) }
        writer.optional(driver) { $0.wire($1) }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        wholeUntil = try reader.optional { (reader) throws(WireError) in try reader.time() }
        driver = try reader.optional { (reader) throws(WireError) in try reader.wire() }
    }
}

extension DriverMemory: WireValue {
    private static let ant: UInt8 = 1
    private static let contec: UInt8 = 2

    public func write(to writer: inout ByteWriter) {
        switch self {
        case .antDevice(let number):
            writer.byte(Self.ant)
            writer.integer(number)
        case .contecRecording(let progress):
            writer.byte(Self.contec)
            writer.time(progress.start)
            writer.count(progress.total)
            writer.count(progress.count)
            writer.integer(progress.digest)
            writer.byte(progress.isHandedOn ? 1 : 0)
        }
    }

    public init(from reader: inout ByteReader) throws(WireError) {
        let at = reader.offset
        switch try reader.byte() {
        case Self.ant: self = .antDevice(try reader.integer())
        case Self.contec:
            self = .contecRecording(
                ContecProgress(
                    start: try reader.time(), total: try reader.count(), count: try reader.count(),
                    digest: try reader.integer(), isHandedOn: try reader.byte() != 0))
        default: throw WireError(.malformed("not the memory of a driver"), at: at)
        }
    }
}
