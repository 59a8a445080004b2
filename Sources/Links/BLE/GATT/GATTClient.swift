import Profiles
import Vitals

/// Speaks GATT with one device over one connection: finds out what it has, reads, writes, subscribes.
///
/// Pure: messages and times go in; `take()` gives what is to be done. On a connection it first agrees on a size, finds
/// the device's attributes (or checks the kept ones), asks to be told of changes and who the device is; then it says
/// `ready` and does what it was asked, one thing after the other, in order.
///
/// ```swift
/// var client = GATTClient(mtu: 247, cache: kept, isBonded: false)
/// client.start(at: now)
/// let reading = client.read(BluetoothUUID(assigned: 0x2A19), at: now)
/// for output in client.take() { … }      // .send, later .ready, .finished(reading, .success([87])) …
/// ```
public struct GATTClient: Sendable {
    public typealias OperationID = Int

    public enum Output: Hashable, Sendable {
        /// A message for the device.
        case send([UInt8])
        /// The device's attributes are known; operations begin. The cache is to be kept for the next connection.
        case ready(HandleCache, isFromCache: Bool)
        /// The attributes changed while connected, and are known again. To be kept, and the profile to be matched again.
        case changed(HandleCache)
        /// An operation is done: what was read, or nothing.
        case finished(OperationID, Result<[UInt8], GATTError>)
        /// The device told a value on its own.
        case value(BluetoothUUID, [UInt8])
        /// The device wants a safer link for what was asked. `raised` or `refused` must follow; the operation waits.
        case securityRequired(SecurityLevel)
        /// Nothing more will come: close the connection.
        case failed(GATTError)
    }

    /// How notifications are switched.
    public enum Subscription: UInt16, Hashable, Sendable {
        case off = 0
        case notify = 1
        case indicate = 2
    }

    /// What is asked of the device, kept whole so that it can be asked again after the handles changed.
    enum Wish: Hashable, Sendable {
        case read(BluetoothUUID)
        case write(BluetoothUUID, [UInt8], withResponse: Bool)
        case subscribe(BluetoothUUID, Subscription)
        /// Of a descriptor or a characteristic by its handle, for the client's own ends.
        case readIdentity(PeripheralIdentity.Field)
    }

    struct Operation: Hashable, Sendable {
        /// `nil` for the client's own.
        var id: OperationID?
        var wish: Wish
        /// Whether the handles were looked for again because of it.
        var isRediscovered = false
        /// The level that was asked for because of it.
        var asked = SecurityLevel.low
        /// Bytes read, or written as prepared, so far.
        var bytes: [UInt8] = []
        var progress = 0
        /// Where it goes, once it has begun.
        var handle: UInt16 = 0
        /// Why what was prepared is being forgotten.
        var cancelled: GATTError?
    }

    /// What the one request under way is for.
    enum Activity: Hashable, Sendable {
        case idle
        case agreeing
        case comparingHash
        case readingHash
        case discovering(Discovery, Purpose)
        case subscribingToChanges
        case operating(Operation)
        /// Waits for the link to become safer.
        case securing(Operation)
    }

    /// Why attributes are looked for.
    enum Purpose: Hashable, Sendable {
        /// To see whether the kept ones are still right.
        case check
        case opening
        /// They changed while connected; an operation found out, or the device told.
        case renewal
    }

    /// Steps between connecting and `ready`, in order.
    enum Opening: Hashable, Sendable { case size, check, discovery, hash, changes, identity, done }

    var bearer: ATTBearer
    var outputs: [Output] = []
    var activity = Activity.idle
    var opening = Opening.size
    /// Whether `ready` was said.
    var isReady = false
    let wantsMTU: Bool
    let isBonded: Bool
    /// What was kept from the last connection, until it is found right or wrong.
    var kept: HandleCache?
    /// What is known of this one.
    var cache = HandleCache(table: GATTTable())
    var isFromCache = false
    /// Ranges the device said have changed.
    var changedRanges: [HandleRange] = []
    var renewals = 0
    var unread: [PeripheralIdentity.Field] = []
    var queue: [Operation] = []
    /// What is switched on, to be switched on again when handles move.
    var subscriptions: [BluetoothUUID: Subscription] = [:]
    var lastID = 0
    /// Values that came before the attributes were known: a link that outlived the last run already sends.
    var earlyValues: [AttributeValue] = []
    /// Values of handles that are no characteristic.
    public internal(set) var strayValues = 0
    var isStarted = false
    var isClosed = false

    /// A device that sends more before it is asked anything is not listened to.
    static let mostEarlyValues = 64
    /// Operations that may wait; more is a fault of whoever asks.
    static let longestQueue = 256
    /// A device whose attributes change more often within one connection is broken.
    static let mostRenewals = 32

    /// - Parameters:
    ///   - mtu: the size to offer; `nil` leaves 23.
    ///   - cache: what was kept from the last connection.
    ///   - isBonded: whether the link is encrypted with keys that both sides kept.
    public init(mtu: Int?, cache: HandleCache?, isBonded: Bool) {
        bearer = ATTBearer(mtu: mtu ?? ATTPacket.smallestMTU)
        wantsMTU = mtu.map { $0 > ATTPacket.smallestMTU } ?? false
        kept = cache
        self.isBonded = isBonded
    }

    /// What the device did that it should not have.
    public var irregularities: ATTBearer.Irregularities { bearer.irregularities }
    /// Longest message in either direction.
    public var mtu: Int { bearer.mtu }
    /// When `advance` must be called at the latest.
    public var deadline: Timestamp? { bearer.deadline }
    /// The attributes as far as they are known.
    public var table: GATTTable { cache.table }

    /// What is to be done since the last call, in this order.
    public mutating func take() -> [Output] {
        defer { outputs.removeAll(keepingCapacity: true) }
        return outputs
    }

    /// The connection stands.
    public mutating func start(at now: Timestamp) {
        isStarted = true
        proceed(at: now)
    }

    /// The connection is gone: whatever waits ends with an error.
    public mutating func close(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        let error = GATTError(.closed, reason)
        switch activity {
        case .operating(let operation), .securing(let operation): finish(operation, .failure(error))
        default: break
        }
        activity = .idle
        for operation in queue { finish(operation, .failure(error)) }
        queue = []
    }

    public mutating func receive(_ bytes: [UInt8], at now: Timestamp) {
        guard !isClosed else { return }
        take(bearer.receive(bytes, at: now), at: now)
    }

    public mutating func advance(to now: Timestamp) {
        guard !isClosed else { return }
        take(bearer.advance(to: now), at: now)
    }

    mutating func take(_ results: [ATTBearer.Output], at now: Timestamp) {
        for result in results {
            switch result {
            case .send(let bytes): outputs.append(.send(bytes))
            case .value(let value): take(value)
            case .answer(let answer): answered(answer, at: now)
            case .garbled(let error):
                garbled(GATTError(.malformed, "the device's answer cannot be read: \(error)"), at: now)
            case .timedOut:
                fail(GATTError(.timeout, "the device did not answer for \(ATTBearer.timeout); is it still in range?"))
            }
        }
        if case .idle = activity { proceed(at: now) }
    }

    mutating func ask(_ packet: ATTPacket, at now: Timestamp) {
        // Sending yields nothing but the message.
        for case .send(let bytes) in bearer.send(packet, at: now) { outputs.append(.send(bytes)) }
    }

    mutating func fail(_ error: GATTError) {
        guard !isClosed else { return }
        close(error.message)
        outputs.append(.failed(error))
    }

    private mutating func take(_ value: AttributeValue) {
        guard isReady else {
            if earlyValues.count < Self.mostEarlyValues { earlyValues.append(value) } else { strayValues += 1 }
            return
        }
        guard let characteristic = cache.table.characteristic(at: value.handle) else { return strayValues += 1 }
        if characteristic.uuid == HandleCache.serviceChanged { return changed(value.value) }
        outputs.append(.value(characteristic.uuid, value.value))
    }

    /// Service Changed: first and last handle of what is different now (Core 5.4, vol. 3, part G, 7.1).
    private mutating func changed(_ value: [UInt8]) {
        guard value.count == 4 else { return changedRanges = [.all] }
        let range = HandleRange(
            UInt16(value[1]) << 8 | UInt16(value[0]), UInt16(value[3]) << 8 | UInt16(value[2]))
        changedRanges.append(range.isValid ? range : .all)
    }

    private mutating func answered(_ answer: Result<ATTPacket, ATTErrorCode>, at now: Timestamp) {
        let current = activity
        activity = .idle
        switch current {
        case .agreeing: opening = .check
        case .comparingHash, .readingHash, .discovering, .subscribingToChanges: opened(current, answer, at: now)
        case .operating(let operation): operated(operation, answer, at: now)
        case .idle, .securing: activity = current
        }
    }

    /// An answer that cannot be read ends what it was for, and the connection where nothing goes without it.
    private mutating func garbled(_ error: GATTError, at now: Timestamp) {
        switch activity {
        case .operating(let operation):
            activity = .idle
            finish(operation, .failure(error))
        case .discovering: fail(error)
        default: answered(.failure(.unlikely), at: now)
        }
    }

    /// Does what is next, if nothing is under way.
    mutating func proceed(at now: Timestamp) {
        while case .idle = activity, isStarted, !isClosed {
            if isReady, !changedRanges.isEmpty {
                renew(at: now)
            } else if opening != .done {
                open(at: now)
            } else if !queue.isEmpty {
                begin(queue.removeFirst(), at: now)
            } else {
                return
            }
        }
    }
}
