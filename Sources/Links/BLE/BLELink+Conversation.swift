import Profiles
import Vitals

extension BLELink {
    /// Tells the client what happened and does what it asks for.
    func converse(_ happened: (inout GATTClient, Timestamp) -> Void) {
        guard var current = client else { return }
        let mine = generation
        let at = now()
        happened(&current, at)
        let outputs = current.take()
        client = current
        for output in outputs {
            carryOut(output, at)
            guard mine == generation else { return }
        }
        setAlarm(at)
    }

    private func carryOut(_ output: GATTClient.Output, _ at: Timestamp) {
        switch output {
        case .send(let bytes): send(bytes)
        case .value(let uuid, let bytes):
            isTold = true
            tell { $0.received(bytes, on: .characteristic(uuid), at: $1) }
            isTold = false
        case .finished(let id, let result): finished(id, result)
        case .ready(let found, _):
            cache = found
            guard let profile = chosen(found) else {
                return end(LinkError(.unanswered, path: path, "no profile fits what the device has"))
            }
            announce(.found(found, profile: profile.id))
            guard stage == .discovering else { return }
            guard profile.link.bond == .required else { return beginConversation(profile) }
            raise(to: .medium) { link, refusal in
                if let refusal { return link.end(LinkError(.permission, path: link.path, refusal)) }
                link.beginConversation(profile)
            }
        case .changed(let found):
            cache = found
            guard let fitting = chosen(found), fitting.id == profile?.id else {
                return end(LinkError(.gone, path: path, "the device has changed and is recognised anew"))
            }
            announce(.found(found, profile: fitting.id))
        case .securityRequired(let level): secure(level)
        case .failed(let error): end(LinkError(.unanswered, path: path, error.message))
        }
    }

    private func finished(_ id: GATTClient.OperationID, _ result: Result<[UInt8], GATTError>) {
        if let waited = request, waited.id == id {
            request = nil
            let answer: Conversation.Answer =
                switch result {
                case .success(let bytes): waited.isRead ? .value(bytes) : .done
                case .failure(let error): error.code == .missing ? .missing : .refused(error.message)
                }
            tell { $0.answered(answer, at: $1) }
        } else if unanswered.remove(id) != nil, case .failure(let error) = result {
            log("\(path): \(error)")
        }
    }

    /// Does what the profile's conversation asks for.
    func perform(_ action: Conversation.Action, _ at: Timestamp) {
        switch action {
        case .read(.characteristic(let uuid)):
            ask(isRead: true) { $0.read(uuid, at: $1) }
        case .subscribe(.characteristic(let uuid), let indications):
            ask { $0.subscribe(uuid, indications ? .indicate : .notify, at: $1) }
        case .write(.characteristic(let uuid), let bytes, let response):
            ask(isAwaited: response) { $0.write(uuid, bytes, withResponse: response, at: $1) }
        case .frame(let input, let bytes): deliver(.frame(device: device, input: input, bytes: bytes, at: at))
        case .ready: becameReady()
        case .remember(let change): remember(change)
        case .note(let text): log("\(path): \(text)")
        case .failed(let reason): end(LinkError(.unanswered, path: path, reason))
        case .finished: end(LinkError(.gone, path: path, "disconnected"), isWanted: true)
        // A profile for Bluetooth has no such steps: reading it says so.
        case .read(.port), .subscribe(.port, _), .write(.port, _, _):
            log("\(path): a Bluetooth device has no serial line; a step is left out")
        }
    }

    private func ask(
        isRead: Bool = false, isAwaited: Bool = true,
        _ operation: (inout GATTClient, Timestamp) -> GATTClient.OperationID
    ) {
        converse { client, at in
            let id = operation(&client, at)
            if isAwaited { request = (id, isRead) } else { unanswered.insert(id) }
        }
    }

    // MARK: Security

    /// How long a pairing may take: the kernel's own 30 s (SMP timeout) and some.
    private static let longestPairing = TimeSpan.seconds(35)
    private static let look = TimeSpan.milliseconds(50)

    /// Has the link made safer, where the profile allows it.
    private func secure(_ level: SecurityLevel) {
        if profile?.link.bond == .never {
            return converse { $0.refused("the device wants to be paired and its profile forbids it", at: $1) }
        }
        raise(to: level) { link, refusal in
            link.converse { client, at in
                if let refusal { client.refused(refusal, at: at) } else { client.raised(at: at) }
            }
        }
    }

    /// - Parameter then: told why it was refused, or nothing.
    private func raise(to level: SecurityLevel, then: @escaping @Sendable (isolated BLELink, String?) -> Void) {
        guard let channel else { return }
        guard channel.security < level else { return then(self, nil) }
        announce(.securing(level))
        let failure = channel.raiseSecurity(to: level)
        guard failure == 0 else { return then(self, "the link cannot be encrypted: \(LinkError.text(of: failure))") }
        awaitSecurity(level, rest: Self.longestPairing, then)
    }

    /// Nothing tells when a link has become safer, so it is looked at. A refusal ends the connection.
    private func awaitSecurity(
        _ level: SecurityLevel, rest: TimeSpan, _ then: @escaping @Sendable (isolated BLELink, String?) -> Void
    ) {
        after(Self.look) { link in
            guard let channel = link.channel else { return }
            if channel.security >= level {
                then(link, nil)
            } else if rest <= .zero {
                then(link, "the pairing was not completed; pair the device with vitald devices pair")
            } else {
                link.awaitSecurity(level, rest: rest - Self.look, then)
            }
        }
    }
}

extension BLELink {
    /// The profile for what the device has; `nil` ends the connection.
    func chosen(_ cache: HandleCache) -> Profile? { choose(cache.table, cache.identity) }

    func beginConversation(_ profile: Profile) {
        stage = .talking
        self.profile = profile
        conversation = Conversation(Script(profile), context: context(), memory: memory)
        tell { $0.start(at: $1) }
        if isWatched { tell { $0.watch(true, at: $1) } }
    }

    func setWatched(_ isWatched: Bool) {
        self.isWatched = isWatched
        tell { $0.watch(isWatched, at: $1) }
    }

    /// Tells the conversation what happened and does what it asks for.
    func tell(_ happened: (inout Conversation, Timestamp) -> [Conversation.Action]) {
        guard var current = conversation else { return }
        let mine = generation
        let at = now()
        if let deadline = current.deadline, at - deadline > BLELink.jump { current.skip(to: at) }
        let actions = happened(&current, at)
        conversation = current
        for action in actions {
            perform(action, at)
            guard mine == generation else { return }
        }
        setAlarm(at)
    }

    func becameReady() {
        isReady = true
        if !isSilent {
            isLost = false
            report(.connected, "\(path) connected as \(profile?.name ?? "a device")")
        }
        let mine = generation
        told(.ready)
        let held = early
        early = []
        for (frame, isTold) in held where mine == generation { pass(frame, isSignOfLife: isTold) }
        guard mine == generation else { return }
        quietQuarters = 0
        listenForSilence()
    }

    func deliver(_ frame: LinkOutput) {
        guard isReady else {
            if early.count < BLELink.mostEarly { early.append((frame, isTold)) }
            return
        }
        pass(frame, isSignOfLife: true)
    }

    /// - Parameter isSignOfLife: what is read from a silent device on connecting does not end its silence, or it would
    ///   begin anew with every connection.
    func pass(_ frame: LinkOutput, isSignOfLife: Bool) {
        if isSignOfLife { quietQuarters = 0 }
        if isSignOfLife, isSilent {
            isSilent = false
            isLost = false
            report(.connected, "values again after a silence")
        }
        sink(frame)
    }
}
