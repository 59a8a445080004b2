import Vitals

/// What a device said about itself: worn, contact, link. It becomes samples of `worn` and `sensor_state` when it
/// changes, and hourly while it stays the same and the device sends anything: a status or a reading.
struct SensorState: Sendable, Equatable {
    static let repetition: Int64 = 3_600_000
    /// Contact below this share counts as poor.
    static let poorContact = 0.3

    private var worn: Bool?
    private var contact: Double?
    private var link: LinkState?
    private var told: (code: UInt8, at: Int64)?
    private var toldWorn: (on: Bool, at: Int64)?

    /// Whether body readings are worthless now.
    var isOff: Bool { worn == false || contact.map { $0 <= 0 } ?? false }

    /// Code of `Metric.sensorState`.
    private var code: UInt8 {
        switch link {
        case .lost, .plugged: return 6
        case .silent: return 5
        case .connected, nil: break
        }
        if isOff { return 1 }
        if let contact, contact < Self.poorContact { return 2 }
        return 0
    }

    mutating func take(_ status: Status) {
        switch status {
        case .worn(let on): worn = on
        case .contact(let share) where share.isFinite: contact = share
        case .contact, .signal, .diagnostic: break
        }
    }

    mutating func take(_ link: LinkState) {
        self.link = link
        // A new connection has to say again whether the sensor is worn.
        if link == .lost {
            worn = nil
            contact = nil
        }
    }

    /// Whether what was told is an hour old: a device that sends readings and no status still has a state.
    @inline(__always) func isRepetitionDue(at time: Int64) -> Bool {
        if let told, time - told.at >= Self.repetition { return true }
        if let toldWorn, time - toldWorn.at >= Self.repetition { return worn != nil || contact != nil }
        return false
    }

    /// What is to be told at `time`: codes of `worn` and `sensor_state`.
    mutating func due(at time: Int64) -> (worn: Float?, state: Float?) {
        var result: (worn: Float?, state: Float?) = (nil, nil)
        let code = code
        if told.map({ $0.code != code || time - $0.at >= Self.repetition }) ?? true {
            told = (code, time)
            result.state = Float(code)
        }
        if worn != nil || contact != nil {
            let on = !isOff
            if toldWorn.map({ $0.on != on || time - $0.at >= Self.repetition }) ?? true {
                toldWorn = (on, time)
                result.worn = on ? 1 : 0
            }
        }
        return result
    }

    static func == (a: SensorState, b: SensorState) -> Bool {
        a.worn == b.worn && a.contact == b.contact && a.link == b.link && a.told?.code == b.told?.code
            && a.told?.at == b.told?.at && a.toldWorn?.on == b.toldWorn?.on && a.toldWorn?.at == b.toldWorn?.at
    }
}

extension SensorState {

    func write(to writer: inout ByteWriter) {
        writer.optional(worn) { $0.bool($1) }
        writer.optional(contact) { $0.double($1) }
        writer.optional(link) { $0.byte($1.rawValue) }
        writer.optional(told) {
            $0.byte($1.code)
            $0.integer($1.at)
        }
        writer.optional(toldWorn) {
            $0.bool($1.on)
            $0.integer($1.at)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        worn = try reader.optional { (r: inout ByteReader) throws(WireError) in try r.bool() }
        contact = try reader.optional { (r: inout ByteReader) throws(WireError) in try r.double() }
        link = try reader.optional { (r: inout ByteReader) throws(WireError) -> LinkState in try r.raw() }
        told = try reader.optional { (r: inout ByteReader) throws(WireError) -> (code: UInt8, at: Int64) in
            (try r.byte(), try r.integer())
        }
        toldWorn = try reader.optional { (r: inout ByteReader) throws(WireError) -> (on: Bool, at: Int64) in
            (try r.bool(), try r.integer())
        }
    }
}
