import Vitals

/// One ATT connection as its rules want it: one request under way at a time, thirty seconds for its answer, values
/// from the device at any moment, and a right answer to whatever the device asks of us (we have no attributes).
///
/// Pure: messages and times go in, `Output`s come out. Requests are the caller's to queue: `send` takes one when
/// `isIdle`.
public struct ATTBearer: Sendable {
    /// What is to be done after a step, in this order.
    public enum Output: Hashable, Sendable {
        case send([UInt8])
        /// The answer to the request under way: its response, or the device's refusal.
        case answer(Result<ATTPacket, ATTErrorCode>)
        /// The answer to the request under way cannot be read.
        case garbled(WireError)
        /// The device told a value: a notification, or an indication that is confirmed already.
        case value(AttributeValue)
        /// No answer in time: nothing more may be asked on this connection (Core 5.4, vol. 3, part F, 3.3.3).
        case timedOut
    }

    /// What a device did that it should not have.
    public struct Irregularities: Hashable, Sendable {
        /// Answers nobody waited for: late, sent twice, or to another request.
        public var unsolicited = 0
        /// Messages that cannot be read.
        public var malformed = 0
        /// Requests to us, which were refused, and commands, which were ignored.
        public var requests = 0
    }

    /// Longest message in either direction. Agreed once at the beginning.
    public private(set) var mtu = ATTPacket.smallestMTU
    public private(set) var irregularities = Irregularities()
    /// By when the request under way must be answered.
    public private(set) var deadline: Timestamp?
    /// Whether the connection was given up after a timeout.
    public private(set) var isDead = false

    /// What we can take in.
    private let ownMTU: Int
    private var pending: ATTPacket?

    /// Core 5.4, vol. 3, part F, 3.3.3.
    public static let timeout = TimeSpan.seconds(30)

    /// - Parameter mtu: what is offered when sizes are agreed on.
    public init(mtu: Int) { ownMTU = min(max(mtu, ATTPacket.smallestMTU), ATTPacket.largestMTU) }

    /// Whether a request can be sent.
    public var isIdle: Bool { pending == nil && !isDead }

    /// Sends a request or a command. A request while another is under way is dropped: ask `isIdle`.
    public mutating func send(_ packet: ATTPacket, at now: Timestamp) -> [Output] {
        guard !isDead else { return [] }
        if ATTPacket.role(of: packet.opcode) == .request {
            guard pending == nil else { return [] }
            pending = packet
            deadline = now + ATTBearer.timeout
        }
        return [.send(packet.bytes)]
    }

    /// Offers our size; the answer sets `mtu`.
    public mutating func offerMTU(at now: Timestamp) -> [Output] {
        send(.mtuRequest(UInt16(clamping: ownMTU)), at: now)
    }

    /// Time went by.
    public mutating func advance(to now: Timestamp) -> [Output] {
        guard let deadline, now >= deadline else { return [] }
        self.deadline = nil
        pending = nil
        isDead = true
        return [.timedOut]
    }

    public mutating func receive(_ bytes: [UInt8], at now: Timestamp) -> [Output] {
        guard let opcode = bytes.first, !isDead else { return [] }
        let packet: ATTPacket
        do throws(WireError) {
            packet = try ATTPacket(bytes)
        } catch {
            return unreadable(opcode, error)
        }
        switch packet {
        case .notification(let value): return [.value(value)]
        case .multipleNotification(let values): return values.map { .value($0) }
        case .indication(let value): return [.send(ATTPacket.confirmation.bytes), .value(value)]
        default: break
        }
        switch ATTPacket.role(of: opcode) {
        case .response: return answered(packet)
        case .request: return asked(packet)
        case .command: irregularities.requests += 1
        case .confirmation, .unknown, .notification, .indication: irregularities.unsolicited += 1
        }
        return []
    }

    private mutating func answered(_ packet: ATTPacket) -> [Output] {
        guard let pending else {
            irregularities.unsolicited += 1
            return []
        }
        if case .error(let request, _, let code) = packet {
            guard request == pending.opcode else {
                irregularities.unsolicited += 1
                return []
            }
            settle()
            return [.answer(.failure(code))]
        }
        guard packet.opcode == pending.opcode &+ 1 else {
            irregularities.unsolicited += 1
            return []
        }
        if case .mtuResponse(let theirs) = packet { agree(on: theirs) }
        settle()
        return [.answer(.success(packet))]
    }

    /// A damaged answer ends the request, for no other will come.
    private mutating func unreadable(_ opcode: UInt8, _ error: WireError) -> [Output] {
        switch ATTPacket.role(of: opcode) {
        case .request:
            irregularities.requests += 1
            // 0x0E and 0x20 are requests that this program has no use for; what is even and unknown counts as one.
            let isKnown = opcode <= 0x18 && opcode != 0x0E && opcode != 0x14
            return [
                .send(ATTPacket.error(request: opcode, handle: 0, isKnown ? .invalidPDU : .requestNotSupported).bytes)
            ]
        case .response where pending.map({ opcode == $0.opcode &+ 1 || opcode == 0x01 }) ?? false:
            irregularities.malformed += 1
            settle()
            return [.garbled(error)]
        case .command: irregularities.requests += 1
        // The device waits for it, whatever it wanted to say.
        case .indication:
            irregularities.malformed += 1
            return [.send(ATTPacket.confirmation.bytes)]
        default: irregularities.malformed += 1
        }
        return []
    }

    /// Answers as a server without attributes (Core 5.4, vol. 3, part F, 3.4).
    private mutating func asked(_ packet: ATTPacket) -> [Output] {
        irregularities.requests += 1
        let answer: ATTPacket
        switch packet {
        case .mtuRequest(let theirs):
            agree(on: theirs)
            answer = .mtuResponse(UInt16(clamping: ownMTU))
        case .findInformationRequest(let range), .findByTypeValueRequest(let range, _, _),
            .readByTypeRequest(let range, _), .readByGroupTypeRequest(let range, _):
            answer = .error(
                request: packet.opcode, handle: range.first, range.isValid ? .attributeNotFound : .invalidHandle)
        case .readRequest(let handle), .readBlobRequest(let handle, _):
            answer = .error(request: packet.opcode, handle: handle, .invalidHandle)
        case .writeRequest(let value):
            answer = .error(request: packet.opcode, handle: value.handle, .invalidHandle)
        default: answer = .error(request: packet.opcode, handle: 0, .requestNotSupported)
        }
        return [.send(answer.bytes)]
    }

    private mutating func agree(on theirs: UInt16) {
        mtu = min(max(Int(theirs), ATTPacket.smallestMTU), ownMTU)
    }

    private mutating func settle() {
        pending = nil
        deadline = nil
    }
}
