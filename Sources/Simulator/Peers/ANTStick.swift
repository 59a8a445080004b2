import Links
import Vitals

/// An ANT stick on its serial line, with sensors around it: one channel, every command checked and acknowledged.
///
/// Source: ANT Message Protocol and Usage, Rev 5.1, 9.5; pages as the profiles ant.hrm and ant.sdm have them.
public struct ANTStick: ScriptedPeer {
    /// Somebody who wears a strap or a pod.
    public struct Sensor: Hashable, Sendable {
        public enum Kind: UInt8, Sendable {
            case heartRate = 120
            case footPod = 124
        }

        public var kind: Kind
        /// Sixteen bits and four more.
        public var number: UInt32
        /// Beats, or strides, a minute.
        public var rate: Int
        /// When it is out of reach.
        public var absent: [TimeRange]

        public init(_ kind: Kind, number: UInt32, rate: Int, absent: [TimeRange] = []) {
            self.kind = kind
            self.number = number
            self.rate = rate
            self.absent = absent
        }
    }

    private let key: [UInt8]
    private let sensors: [Sensor]
    /// When it falls over and starts again by itself.
    private var fall: Timestamp?
    private var outbox = Outbox()
    private var stream = ANTMessage.Stream()
    private var channel = Channel()
    /// Sensor that the open channel follows, and when its next message is due.
    private var tracked: Int?
    private var due: Timestamp?
    private var searchEnds: Timestamp?
    private var began: Timestamp?
    private var messages = 0
    private var missed = 0

    private struct Channel: Hashable, Sendable {
        var hasKey = false
        var isExtended = false
        var isAssigned = false
        var number: UInt32?
        var type: UInt8 = 0
        var period: UInt16 = 8192
        var timeout: UInt8 = 10
        var isOpen = false
    }

    /// The network key this stick's sensors transmit with; a made-up one.
    public static let testKey: [UInt8] = [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]
    private static let wrongState: UInt8 = 0x15
    private static let searchTime = TimeSpan.milliseconds(200)
    /// Messages in a row that are missed before the stick searches again (9.5.6: eight).
    private static let mostMissed = 8

    public init(
        _ sensors: [Sensor], key: [UInt8] = ANTStick.testKey, fall: Timestamp? = nil, mishaps: Mishaps = Mishaps()
    ) {
        self.sensors = sensors
        self.key = key
        self.fall = fall
        outbox.mishaps = mishaps
    }

    public var next: Timestamp? { [outbox.next, due, searchEnds, fall].compactMap(\.self).min() }

    public mutating func received(_ bytes: [UInt8], at: Timestamp) {
        stream.append(bytes)
        while let piece = stream.next() {
            if case .message(let message) = piece { obey(message, at) }
        }
    }

    public mutating func sent(until time: Timestamp) -> [Sending] {
        while let moment = [due, searchEnds, fall].compactMap(\.self).min(), moment <= time {
            if moment == fall {
                fall = nil
                restart(moment, reason: 0x01)
            } else if moment == searchEnds {
                searchEnds = nil
                search(moment)
            } else {
                broadcast(moment)
            }
        }
        return outbox.take(until: time)
    }

    // MARK: Commands

    private mutating func obey(_ message: ANTMessage, _ at: Timestamp) {
        func number(_ index: Int) -> UInt16 {
            guard message.payload.count > index + 1 else { return 0 }
            return UInt16(message.payload[index]) | UInt16(message.payload[index + 1]) << 8
        }
        let payload = message.payload
        var code: UInt8 = 0
        switch message.id {
        case ANTMessage.ID.reset: return restart(at, reason: 0x20)
        case ANTMessage.ID.networkKey: channel.hasKey = payload.dropFirst() == key[...]
        case ANTMessage.ID.extendedMessages: channel.isExtended = payload.last == 1
        case ANTMessage.ID.assignChannel:
            if channel.isAssigned { code = Self.wrongState } else { channel.isAssigned = true }
        case _ where !channel.isAssigned: code = Self.wrongState
        case ANTMessage.ID.channelID where payload.count == 5:
            channel.number = UInt32(number(1)) | UInt32(payload[4] >> 4) << 16
            channel.type = payload[3]
        case ANTMessage.ID.channelPeriod: channel.period = number(1)
        case ANTMessage.ID.searchTimeout: channel.timeout = payload.last ?? 0
        case ANTMessage.ID.frequency: break
        case ANTMessage.ID.openChannel:
            if channel.number == nil || channel.isOpen {
                code = Self.wrongState
            } else {
                channel.isOpen = true
                searchEnds = at + Self.searchTime
            }
        case ANTMessage.ID.closeChannel:
            closeChannel()
            post(ANTMessage(ANTMessage.ID.response, [0, 1, 7]), at)
        default: code = 0x28
        }
        post(ANTMessage(ANTMessage.ID.response, [payload.first ?? 0, message.id, code]), at)
    }

    private mutating func restart(_ at: Timestamp, reason: UInt8) {
        channel = Channel()
        closeChannel()
        outbox.clear()
        outbox.post(ANTMessage(ANTMessage.ID.startup, [reason]).bytes, at: at + .milliseconds(50))
    }

    private mutating func closeChannel() {
        channel.isOpen = false
        (tracked, due, searchEnds) = (nil, nil, nil)
    }

    private mutating func post(_ message: ANTMessage, _ at: Timestamp) {
        outbox.post(message.bytes, at: at + .milliseconds(2))
    }

    // MARK: Radio

    private func isThere(_ sensor: Sensor, _ at: Timestamp) -> Bool { !sensor.absent.contains { $0.contains(at) } }

    /// Looks for a sensor; the search ends with one, or closes the channel.
    private mutating func search(_ at: Timestamp) {
        guard channel.isOpen, channel.hasKey else { return giveUp(at) }
        // An open channel stays with the sensor it has met, whatever it was told; a closed one forgets it.
        let end = at - Self.searchTime + TimeSpan(milliseconds: Int64(channel.timeout) * 2500)
        for (index, sensor) in sensors.enumerated() {
            guard sensor.kind.rawValue == channel.type, tracked == nil || tracked == index,
                channel.number == 0 || channel.number.map({ $0 & 0xFFFF == sensor.number & 0xFFFF }) ?? false
            else { continue }
            let found = sensor.absent.filter { $0.contains(at) }.map(\.end).max() ?? at
            guard found < end else { continue }
            tracked = index
            due = found
            began = began ?? found
            return
        }
        giveUp(end)
    }

    private mutating func giveUp(_ at: Timestamp) {
        outbox.post(ANTMessage(ANTMessage.ID.response, [0, 1, 1]).bytes, at: at)
        outbox.post(ANTMessage(ANTMessage.ID.response, [0, 1, 7]).bytes, at: at)
        closeChannel()
    }

    private mutating func broadcast(_ at: Timestamp) {
        guard let tracked, let began else { return due = nil }
        let sensor = sensors[tracked]
        due = at + TimeSpan(milliseconds: max(1, Int64(channel.period) * 1000 / 32_768))
        guard isThere(sensor, at) else {
            missed += 1
            post(ANTMessage(ANTMessage.ID.response, [0, 1, missed < Self.mostMissed ? 2 : 8]), at)
            if missed >= Self.mostMissed {
                (missed, due) = (0, nil)
                searchEnds = at + Self.searchTime
            }
            return
        }
        missed = 0
        var payload: [UInt8] = [0] + page(of: sensor, after: at - began)
        if channel.isExtended {
            payload += [
                0x80, UInt8(truncatingIfNeeded: sensor.number), UInt8(truncatingIfNeeded: sensor.number >> 8),
                sensor.kind.rawValue, UInt8(truncatingIfNeeded: sensor.number >> 16) << 4 | 1,
            ]
        }
        messages += 1
        outbox.post(ANTMessage(ANTMessage.ID.broadcast, payload).bytes, at: at)
    }

    private func page(of sensor: Sensor, after: TimeSpan) -> [UInt8] {
        let count = after.milliseconds * Int64(sensor.rate) / 60_000
        switch sensor.kind {
        case .heartRate:
            func time(_ beat: Int64) -> UInt16 {
                UInt16(truncatingIfNeeded: max(beat, 0) * 60_000 * 1024 / (1000 * Int64(max(sensor.rate, 1))))
            }
            let (last, previous) = (time(count), time(count - 1))
            let toggle: UInt8 = messages / 4 % 2 == 0 ? 0 : 0x80
            return [
                4 | toggle, 0xFF, UInt8(truncatingIfNeeded: previous), UInt8(previous >> 8),
                UInt8(truncatingIfNeeded: last), UInt8(last >> 8), UInt8(truncatingIfNeeded: count),
                UInt8(clamping: sensor.rate),
            ]
        case .footPod:
            // One metre a stride, at the speed that this makes.
            let speed = sensor.rate * 256 / 60
            return [
                1, 0, 0, UInt8(truncatingIfNeeded: count), UInt8(truncatingIfNeeded: speed >> 8 & 0x0F),
                UInt8(truncatingIfNeeded: speed), UInt8(truncatingIfNeeded: count), 0,
            ]
        }
    }
}
