import Profiles
import Vitals

extension GATTClient {
    /// Reads a characteristic's whole value, in parts where it is long.
    public mutating func read(_ uuid: BluetoothUUID, at now: Timestamp) -> OperationID {
        enqueue(.read(uuid), at: now)
    }

    /// Writes a value. With response the device's answer is waited for, and a value that does not fit one message is
    /// sent in parts and carried out at the end. What the characteristic cannot do is done the way it can.
    public mutating func write(
        _ uuid: BluetoothUUID, _ value: [UInt8], withResponse: Bool, at now: Timestamp
    ) -> OperationID {
        enqueue(.write(uuid, value, withResponse: withResponse), at: now)
    }

    /// Switches notifications or indications; whichever of the two the characteristic has.
    public mutating func subscribe(
        _ uuid: BluetoothUUID, _ subscription: Subscription = .notify, at now: Timestamp
    ) -> OperationID {
        enqueue(.subscribe(uuid, subscription), at: now)
    }

    /// The link is safer now: what waited for it is tried again.
    public mutating func raised(at now: Timestamp) {
        guard case .securing(let operation) = activity else { return }
        activity = .idle
        begin(operation, at: now)
        proceed(at: now)
    }

    /// The link could not be made safer.
    public mutating func refused(_ reason: String, at now: Timestamp) {
        guard case .securing(let operation) = activity else { return }
        activity = .idle
        finish(operation, .failure(GATTError(.insecure, reason)))
        proceed(at: now)
    }

    private mutating func enqueue(_ wish: Wish, at now: Timestamp) -> OperationID {
        lastID += 1
        let operation = Operation(id: lastID, wish: wish)
        if isClosed {
            finish(operation, .failure(GATTError(.closed, "not connected")))
        } else if queue.count >= Self.longestQueue {
            finish(operation, .failure(GATTError(.tooLong, "\(queue.count) requests wait already")))
        } else {
            queue.append(operation)
            if isReady { proceed(at: now) }
        }
        return operation.id ?? 0
    }

    mutating func finish(_ operation: Operation, _ result: Result<[UInt8], GATTError>) {
        if case .readIdentity(let field) = operation.wish { return identified(field, result) }
        if case .subscribe(let uuid, let subscription) = operation.wish, case .success = result {
            subscriptions[uuid] = subscription
        }
        if let id = operation.id { outputs.append(.finished(id, result)) }
    }

    // MARK: Beginning

    mutating func begin(_ operation: Operation, at now: Timestamp) {
        var operation = operation
        operation.bytes = []
        operation.progress = 0
        operation.cancelled = nil
        switch operation.wish {
        case .read(let uuid):
            guard let found = cache.table.characteristic(uuid, with: .read) else {
                return finishMissing(operation, uuid)
            }
            operation.handle = found.value
            send(.readRequest(found.value), for: operation, at: now)
        case .readIdentity(let field):
            let uuid = BluetoothUUID(assigned: field.rawValue)
            guard let found = cache.table.characteristic(uuid, of: PeripheralIdentity.service) else {
                return finishMissing(operation, uuid)
            }
            operation.handle = found.value
            send(.readRequest(found.value), for: operation, at: now)
        case .write(let uuid, let value, let withResponse):
            guard let found = cache.table.characteristic(uuid, with: [.write, .writeWithoutResponse]) else {
                return finishMissing(operation, uuid)
            }
            operation.handle = found.value
            begin(operation, writing: value, to: found, withResponse: withResponse, at: now)
        case .subscribe(let uuid, let subscription):
            guard let found = cache.table.characteristic(uuid, with: [.notify, .indicate]) else {
                return finishMissing(operation, uuid)
            }
            // A few devices have no switch and notify all the time.
            guard let handle = found.configuration else {
                return found.properties.isDisjoint(with: [.notify, .indicate])
                    ? finishMissing(operation, uuid) : finish(operation, .success([]))
            }
            operation.handle = handle
            let value = Self.possible(subscription, found.properties).rawValue.littleEndianBytes
            send(.writeRequest(AttributeValue(handle, value)), for: operation, at: now)
        }
    }

    private static func possible(_ wanted: Subscription, _ properties: GATTTable.Properties) -> Subscription {
        switch wanted {
        case .off: .off
        case .notify: !properties.contains(.notify) && properties.contains(.indicate) ? .indicate : .notify
        case .indicate: !properties.contains(.indicate) && properties.contains(.notify) ? .notify : .indicate
        }
    }

    private mutating func begin(
        _ operation: Operation, writing value: [UInt8], to found: GATTTable.Characteristic, withResponse: Bool,
        at now: Timestamp
    ) {
        // Opcode and handle take three bytes.
        let room = bearer.mtu - 3
        let fits = value.count <= room
        let canAnswer = found.properties.contains(.write)
        let takesCommands = found.properties.contains(.writeWithoutResponse)
        let isCommand = canAnswer == takesCommands ? !withResponse && fits : takesCommands
        guard value.count <= (isCommand ? room : ATTPacket.longestValue) else {
            let limit = isCommand ? room : ATTPacket.longestValue
            return finish(
                operation,
                .failure(GATTError(.tooLong, "\(value.count) bytes for \(found.uuid), which takes \(limit)")))
        }
        if isCommand {
            ask(.writeCommand(AttributeValue(found.value, value)), at: now)
            finish(operation, .success([]))
        } else if fits {
            send(.writeRequest(AttributeValue(found.value, value)), for: operation, at: now)
        } else {
            sendPart(of: value, for: operation, at: now)
        }
    }

    private mutating func sendPart(of value: [UInt8], for operation: Operation, at now: Timestamp) {
        guard operation.progress < value.count else { return send(.executeWriteRequest(true), for: operation, at: now) }
        send(
            .prepareWriteRequest(
                AttributeValue(operation.handle, part(of: value, from: operation.progress)),
                offset: UInt16(clamping: operation.progress)), for: operation, at: now)
    }

    /// Opcode, handle and offset take five bytes.
    private func part(of value: [UInt8], from start: Int) -> [UInt8] {
        Array(value.dropFirst(start).prefix(bearer.mtu - 5))
    }

    private mutating func send(_ packet: ATTPacket, for operation: Operation, at now: Timestamp) {
        activity = .operating(operation)
        ask(packet, at: now)
    }

    private mutating func finishMissing(_ operation: Operation, _ uuid: BluetoothUUID) {
        finish(operation, .failure(GATTError(.missing, "the device has no characteristic \(uuid)")))
    }

    // MARK: Answers

    mutating func operated(_ operation: Operation, _ answer: Result<ATTPacket, ATTErrorCode>, at now: Timestamp) {
        switch answer {
        case .success(let packet): advance(operation, packet, at: now)
        case .failure(let code): refused(operation, code, at: now)
        }
    }

    private mutating func advance(_ operation: Operation, _ packet: ATTPacket, at now: Timestamp) {
        var operation = operation
        switch packet {
        case .readResponse(let value), .readBlobResponse(let value):
            operation.bytes += value
            // A full message may have been cut off; a value is never longer than 512.
            guard value.count >= bearer.mtu - 1, operation.bytes.count < ATTPacket.longestValue else {
                return finish(operation, .success(Array(operation.bytes.prefix(ATTPacket.longestValue))))
            }
            send(
                .readBlobRequest(operation.handle, offset: UInt16(clamping: operation.bytes.count)), for: operation,
                at: now)
        case .prepareWriteResponse(let echo, let offset):
            guard case .write(_, let value, _) = operation.wish else { return finish(operation, .success([])) }
            let part = part(of: value, from: operation.progress)
            guard echo.handle == operation.handle, Int(offset) == operation.progress, echo.value == part else {
                return cancel(
                    operation, GATTError(.malformed, "the device repeats a long value wrongly; nothing was written"),
                    at: now)
            }
            operation.progress += part.count
            sendPart(of: value, for: operation, at: now)
        default: finish(operation, operation.cancelled.map { .failure($0) } ?? .success([]))
        }
    }

    /// What was prepared must not be carried out with the next long value.
    private mutating func cancel(_ operation: Operation, _ error: GATTError, at now: Timestamp) {
        var operation = operation
        operation.cancelled = error
        send(.executeWriteRequest(false), for: operation, at: now)
    }

    private mutating func refused(_ operation: Operation, _ code: ATTErrorCode, at now: Timestamp) {
        var operation = operation
        if let cancelled = operation.cancelled { return finish(operation, .failure(cancelled)) }
        // The rest of a value that turned out to have none.
        if code == .attributeNotLong || code == .invalidOffset, !operation.bytes.isEmpty {
            return finish(operation, .success(operation.bytes))
        }
        if case .readIdentity = operation.wish { return finish(operation, .failure(error(operation, code))) }
        switch code {
        case .insufficientEncryption, .insufficientAuthentication, .insufficientKeySize:
            guard let level = operation.asked.next(for: code) else { break }
            operation.asked = level
            activity = .securing(operation)
            return outputs.append(.securityRequired(level))
        case .invalidHandle, .attributeNotFound, .databaseOutOfSync:
            // The handles that were kept, or found before, are not right any more.
            guard isFromCache || code == .databaseOutOfSync, !operation.isRediscovered else { break }
            operation.isRediscovered = true
            queue.insert(operation, at: 0)
            changedRanges = [.all]
            return
        default: break
        }
        guard operation.progress == 0 else { return cancel(operation, error(operation, code), at: now) }
        finish(operation, .failure(error(operation, code)))
    }

    private func error(_ operation: Operation, _ code: ATTErrorCode) -> GATTError {
        let uuid: BluetoothUUID
        switch operation.wish {
        case .read(let own), .write(let own, _, _), .subscribe(let own, _): uuid = own
        case .readIdentity(let field): uuid = BluetoothUUID(assigned: field.rawValue)
        }
        let level: GATTError.Code = operation.asked > .low && code.asksForSecurity ? .insecure : .refused(code)
        return GATTError(level, "characteristic \(uuid): \(code)")
    }
}
