import Profiles
import Vitals

extension GATTClient {
    /// Takes the next step towards `ready`. Steps that do not apply are passed over.
    mutating func open(at now: Timestamp) {
        switch opening {
        case .size:
            opening = .check
            guard wantsMTU else { return }
            activity = .agreeing
            for case .send(let bytes) in bearer.offerMTU(at: now) { outputs.append(.send(bytes)) }
        case .check:
            opening = .discovery
            check(at: now)
        case .discovery:
            opening = .hash
            guard kept == nil else { return }
            ask(Discovery(), .opening, at: now)
        case .hash:
            opening = .changes
            guard !isFromCache, cache.table.characteristic(HandleCache.databaseHashUUID) != nil else { return }
            activity = .readingHash
            ask(Self.hashRequest, at: now)
        case .changes:
            opening = .identity
            unread = isFromCache ? [] : PeripheralIdentity.Field.allCases
            guard let handle = cache.table.characteristic(HandleCache.serviceChanged)?.configuration else { return }
            activity = .subscribingToChanges
            ask(.writeRequest(AttributeValue(handle, Subscription.indicate.rawValue.littleEndianBytes)), at: now)
        case .identity:
            guard let field = unread.popLast() else { return ready(at: now) }
            begin(Operation(wish: .readIdentity(field)), at: now)
        case .done: break
        }
    }

    private mutating func ready(at now: Timestamp) {
        opening = .done
        guard !isReady else { return outputs.append(.changed(cache)) }
        isReady = true
        outputs.append(.ready(cache, isFromCache: isFromCache))
        let early = earlyValues
        earlyValues = []
        take(early.map { .value($0) }, at: now)
    }

    private static let hashRequest = ATTPacket.readByTypeRequest(.all, type: HandleCache.databaseHashUUID)

    private mutating func check(at now: Timestamp) {
        guard let kept else { return }
        switch kept.check(isBonded: isBonded) {
        case .databaseHash:
            activity = .comparingHash
            ask(Self.hashRequest, at: now)
        case .trust: believe(kept)
        case .layout: ask(Discovery(isShallow: true), .check, at: now)
        case .none: self.kept = nil
        }
    }

    private mutating func believe(_ kept: HandleCache) {
        cache = kept
        isFromCache = true
    }

    mutating func ask(_ discovery: Discovery, _ purpose: Purpose, at now: Timestamp) {
        guard let question = discovery.question else { return discovered(discovery, purpose, at: now) }
        activity = .discovering(discovery, purpose)
        ask(question, at: now)
    }

    /// The answer to a question of the opening, or about changed attributes.
    mutating func opened(_ asked: Activity, _ answer: Result<ATTPacket, ATTErrorCode>, at now: Timestamp) {
        switch asked {
        case .comparingHash:
            if let kept, let hash = Self.hash(in: answer), hash == kept.databaseHash {
                believe(kept)
            } else {
                kept = nil
            }
        case .readingHash: cache.databaseHash = Self.hash(in: answer)
        case .discovering(var discovery, let purpose):
            do throws(GATTError) {
                try discovery.take(answer)
                ask(discovery, purpose, at: now)
            } catch {
                fail(error)
            }
        // Without it the device's changes are found out the hard way.
        default: break
        }
    }

    private static func hash(in answer: Result<ATTPacket, ATTErrorCode>) -> [UInt8]? {
        guard case .success(.readByTypeResponse(let values)) = answer, let hash = values.first?.value, hash.count == 16
        else { return nil }
        return hash
    }

    private mutating func discovered(_ discovery: Discovery, _ purpose: Purpose, at now: Timestamp) {
        activity = .idle
        switch purpose {
        case .check:
            guard let kept, discovery.services == kept.table.layout else { return self.kept = nil }
            cache = kept
            guard kept.identity.firmware != nil else { return believe(kept) }
            begin(Operation(wish: .readIdentity(.firmware)), at: now)
        case .opening: cache = HandleCache(table: GATTTable(services: discovery.services))
        case .renewal:
            var table = cache.table
            table.replace(in: discovery.range, with: discovery.services)
            guard table.isConsistent else { return ask(Discovery(), .renewal, at: now) }
            renewed(table, in: discovery.range)
        }
    }

    /// The firmware's name was read: while the kept attributes are being checked, it decides.
    mutating func identified(_ field: PeripheralIdentity.Field, _ result: Result<[UInt8], GATTError>) {
        let text = (try? result.get()).flatMap { PeripheralIdentity.text($0) }
        if opening == .discovery, let kept {
            if text == kept.identity.firmware {
                believe(kept)
            } else {
                self.kept = nil
                cache = HandleCache(table: GATTTable())
            }
        } else {
            cache.identity[field] = text
        }
    }

    // MARK: Changed attributes

    /// Looks again for what the device said has changed; whole services of it.
    mutating func renew(at now: Timestamp) {
        renewals += 1
        guard renewals <= Self.mostRenewals else {
            return fail(GATTError(.malformed, "the device's services do not stop changing; restart it"))
        }
        var range = changedRanges.reduce(changedRanges.first ?? .all) {
            HandleRange(min($0.first, $1.first), max($0.last, $1.last))
        }
        changedRanges = []
        for service in cache.table.services where service.range.overlaps(range) {
            range = HandleRange(min(range.first, service.range.first), max(range.last, service.range.last))
        }
        ask(Discovery(in: range), .renewal, at: now)
    }

    /// Subscriptions end with the handles they were made at. What else was asked on opening is asked again.
    private mutating func renewed(_ table: GATTTable, in range: HandleRange) {
        let before = cache.table
        cache.table = table
        // The fingerprint was of the attributes before.
        cache.databaseHash = nil
        isFromCache = false
        opening = .hash
        for (uuid, subscription) in subscriptions.sorted(by: { ($0.key.high, $0.key.low) < ($1.key.high, $1.key.low) })
        where subscription != .off {
            let old = before.characteristic(uuid, with: [.notify, .indicate])?.configuration
            let new = table.characteristic(uuid, with: [.notify, .indicate])?.configuration
            if old != new || old.map({ range.contains($0) }) ?? false {
                queue.insert(Operation(wish: .subscribe(uuid, subscription)), at: 0)
            }
        }
    }
}
