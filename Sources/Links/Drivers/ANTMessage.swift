/// A message between a hub and an ANT stick: A4, length, id, payload, and the XOR of all before.
///
/// Source: ANT Message Protocol and Usage, Rev 5.1, 7.1 and 9.5; captures in the profile ant.hrm.
package struct ANTMessage: Hashable, Sendable {
    package var id: UInt8
    package var payload: [UInt8]

    package init(_ id: UInt8, _ payload: [UInt8]) {
        self.id = id
        self.payload = payload
    }

    /// Ids that are used here.
    package enum ID {
        package static let response: UInt8 = 0x40
        package static let assignChannel: UInt8 = 0x42
        package static let channelPeriod: UInt8 = 0x43
        package static let searchTimeout: UInt8 = 0x44
        package static let frequency: UInt8 = 0x45
        package static let networkKey: UInt8 = 0x46
        package static let reset: UInt8 = 0x4A
        package static let openChannel: UInt8 = 0x4B
        package static let closeChannel: UInt8 = 0x4C
        package static let broadcast: UInt8 = 0x4E
        package static let channelID: UInt8 = 0x51
        package static let extendedMessages: UInt8 = 0x66
        package static let startup: UInt8 = 0x6F
    }

    package static let sync: UInt8 = 0xA4
    /// Eight bytes of data, a channel and extended information: no message is longer than this.
    static let longestPayload = 64

    package var bytes: [UInt8] {
        let head = [Self.sync, UInt8(truncatingIfNeeded: payload.count), id]
        return head + payload + [payload.reduce(head.reduce(0, ^), ^)]
    }

    /// Cuts a stream into messages. However it is cut into pieces, the same messages come out.
    package struct Stream: Hashable, Sendable {
        private var rest: [UInt8] = []

        package init() {}

        /// - Returns: the next message, or a byte that begins none; `nil` when more bytes are needed.
        package mutating func next() -> Piece? {
            guard let first = rest.first else { return nil }
            guard first == ANTMessage.sync else { return noise() }
            guard rest.count > 1 else { return nil }
            let length = Int(rest[1])
            guard length >= 1, length <= ANTMessage.longestPayload else { return noise() }
            guard rest.count >= length + 4 else { return nil }
            let frame = rest[..<(length + 4)]
            guard frame.reduce(0, ^) == 0 else { return noise() }
            let message = ANTMessage(rest[2], Array(rest[3..<(3 + length)]))
            rest.removeFirst(length + 4)
            return .message(message)
        }

        package mutating func append(_ bytes: [UInt8]) { rest += bytes }

        private mutating func noise() -> Piece { .noise(rest.removeFirst()) }
    }

    package enum Piece: Hashable, Sendable {
        case message(ANTMessage)
        case noise(UInt8)
    }
}
