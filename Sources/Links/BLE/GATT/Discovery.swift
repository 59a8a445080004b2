import Profiles
import Vitals

/// Finds out what attributes a device has, question by question (Core 5.4, vol. 3, part G, 4.4, 4.6, 4.7).
///
/// Services, then the declarations of characteristics in one sweep over them, then what lies between (descriptors).
/// Whatever a device answers, it ends: each question is about higher handles than the one before.
struct Discovery: Hashable, Sendable {
    /// Where it looks.
    let range: HandleRange
    /// Only the services, not what is in them.
    let isShallow: Bool
    private(set) var services: [GATTTable.Service] = []

    private enum Stage: Hashable { case services, characteristics, descriptors, done }

    private var stage = Stage.services
    private var next: UInt16
    /// Last handle of the sweep, or of the gap that is looked into.
    private var last: UInt16
    /// Handles that no declaration takes, the next one at the end.
    private var gaps: [HandleRange] = []

    /// No real device has nearly as many.
    private static let mostServices = 256
    private static let mostCharacteristics = 1024
    private static let mostDescriptors = 4096
    private var characteristics = 0
    private var descriptors = 0

    init(in range: HandleRange = .all, isShallow: Bool = false) {
        self.range = range
        self.isShallow = isShallow
        next = range.first
        last = range.last
        if !range.isValid { stage = .done }
    }

    /// The next question; `nil` when everything is known.
    var question: ATTPacket? {
        let rest = HandleRange(next, last)
        return switch stage {
        case .services: .readByGroupTypeRequest(rest, type: Self.primaryService)
        case .characteristics: .readByTypeRequest(rest, type: Self.characteristic)
        case .descriptors: .findInformationRequest(rest)
        case .done: nil
        }
    }

    private static let primaryService = BluetoothUUID(assigned: 0x2800)
    private static let characteristic = BluetoothUUID(assigned: 0x2803)
    /// Declarations lie between characteristics as well, but are no descriptors (Core 5.4, vol. 3, part G, 3.4).
    private static let declarations = Set([0x2800, 0x2801, 0x2802, 0x2803].map { BluetoothUUID(assigned: $0) })

    mutating func take(_ answer: Result<ATTPacket, ATTErrorCode>) throws(GATTError) {
        switch (stage, answer) {
        case (_, .failure(.attributeNotFound)): finishSweep()
        // Some devices know no error but this one for "there are no more".
        case (_, .failure(.invalidHandle)) where next > range.first: finishSweep()
        case (_, .failure(let code)):
            throw GATTError(.refused(code), "the device does not tell its services: \(code)")
        case (.services, .success(.readByGroupTypeResponse(let groups))): try takeServices(groups)
        case (.characteristics, .success(.readByTypeResponse(let values))): try takeCharacteristics(values)
        case (.descriptors, .success(.findInformationResponse(let found))): try takeDescriptors(found)
        default: throw Self.malformed("an answer to another question")
        }
    }

    private mutating func takeServices(_ groups: [ATTPacket.Group]) throws(GATTError) {
        for group in groups {
            guard group.range.isValid, group.range.first >= next, let uuid = BluetoothUUID(attribute: group.value)
            else { throw Self.malformed("services out of order") }
            services.append(GATTTable.Service(group.range, uuid))
            guard services.count <= Self.mostServices else { throw Self.malformed("no end of services") }
            guard advance(past: group.range.last) else { return finishSweep() }
        }
        if next > last { finishSweep() }
    }

    private mutating func takeCharacteristics(_ values: [AttributeValue]) throws(GATTError) {
        for declaration in values {
            // Properties, handle of the value, UUID.
            guard declaration.handle >= next, declaration.value.count >= 5,
                let uuid = BluetoothUUID(attribute: Array(declaration.value[3...]))
            else { throw Self.malformed("characteristics out of order") }
            let value = UInt16(declaration.value[2]) << 8 | UInt16(declaration.value[1])
            if let index = services.lastIndex(where: { $0.range.contains(declaration.handle) }),
                value > declaration.handle, services[index].range.contains(value)
            {
                characteristics += 1
                guard characteristics <= Self.mostCharacteristics else {
                    throw Self.malformed("no end of characteristics")
                }
                services[index].characteristics.append(
                    GATTTable.Characteristic(
                        declaration: declaration.handle, value: value, uuid,
                        GATTTable.Properties(rawValue: declaration.value[0])))
            }
            guard advance(past: declaration.handle) else { return finishSweep() }
        }
        if next > last { finishSweep() }
    }

    private mutating func takeDescriptors(_ found: [ATTPacket.Found]) throws(GATTError) {
        for descriptor in found {
            guard descriptor.handle >= next else { throw Self.malformed("descriptors out of order") }
            guard descriptor.handle <= last else { return finishSweep() }
            if !Self.declarations.contains(descriptor.type) { try add(descriptor) }
            guard advance(past: descriptor.handle) else { return finishSweep() }
        }
        if next > last { finishSweep() }
    }

    /// To the characteristic whose gap it was found in.
    private mutating func add(_ descriptor: ATTPacket.Found) throws(GATTError) {
        guard let service = services.lastIndex(where: { $0.range.contains(descriptor.handle) }),
            let owner = services[service].characteristics.lastIndex(where: { $0.value < descriptor.handle })
        else { return }
        descriptors += 1
        guard descriptors <= Self.mostDescriptors else { throw Self.malformed("no end of descriptors") }
        services[service].characteristics[owner].descriptors.append(descriptor)
    }

    /// `false` when there are no higher handles.
    private mutating func advance(past handle: UInt16) -> Bool {
        guard handle < UInt16.max else { return false }
        next = handle + 1
        return true
    }

    private mutating func finishSweep() {
        switch stage {
        case .services:
            guard !isShallow, let first = services.first, let end = services.last else { return stage = .done }
            stage = .characteristics
            next = first.range.first
            last = end.range.last
        case .characteristics:
            stage = .descriptors
            gaps = Self.gaps(of: services).reversed()
            nextGap()
        case .descriptors: nextGap()
        case .done: break
        }
    }

    private mutating func nextGap() {
        guard let gap = gaps.popLast() else { return stage = .done }
        next = gap.first
        last = gap.last
    }

    /// From behind each value to before the next declaration, or the end of the service.
    private static func gaps(of services: [GATTTable.Service]) -> [HandleRange] {
        services.flatMap { service in
            service.characteristics.indices.compactMap { index in
                let value = service.characteristics[index].value
                let end =
                    index + 1 < service.characteristics.count
                    ? service.characteristics[index + 1].declaration - 1 : service.range.last
                return value < end ? HandleRange(value + 1, end) : nil
            }
        }
    }

    private static func malformed(_ what: String) -> GATTError {
        GATTError(.malformed, "the device answers \(what) while its services are looked for; restart it")
    }
}
