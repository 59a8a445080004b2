import JSON5
import Vitals

/// What people ask and order, over the command socket and by signals.
extension Daemon {
    func answer(_ line: String, _ attached: AttachedFile?, from peer: CommandSocket.Peer) -> [String] {
        do {
            switch try SocketRequest.parse(line, attached: { attached?.bytes(atMost: $0) }) {
            case .query(.status): return [status(), Self.ok]
            case .query(.devices): return devices() + [Self.ok]
            case .query(.device(let name)): return try [device(named: name), Self.ok]
            case .query(.pairing): return [pairing(), Self.ok]
            case .query(.alert(let name)):
                guard let store else { return [Self.error("the hub is stopping")] }
                return ["{\"id\":\"\(try EventName(name).find(in: store, kind: .alert).id)\"}", Self.ok]
            case .query(.plan(let name)):
                guard let store else { return [Self.error("the hub is stopping")] }
                return ["{\"id\":\"\(try EventName(name).find(in: store, kind: .plan).id)\"}", Self.ok]
            case .command(var command):
                if command.actor.isEmpty { command.actor = "uid \(peer.user)" }
                return [apply(command).map { Self.error($0) } ?? Self.ok]
            case .record(let record, var command):
                if command.actor.isEmpty { command.actor = "uid \(peer.user)" }
                return [put(record, command).map { Self.error($0) } ?? Self.ok]
            }
        } catch {
            return [Self.error("\(error)")]
        }
    }

    static let ok = "{\"ok\":true}"

    static func error(_ message: String) -> String {
        var json = JSONWriter()
        json.object { $0.member("error", message) }
        return json.text
    }

    func apply(_ command: Command) -> String? {
        switch command.action {
        case .reload:
            return reload()
        case .stop:
            requestStop()
            return nil
        case .pair(let device): return byHand(command, device) { $0.pair($1) }
        case .forgetDevice(let device): return byHand(command, device) { $0.forget($1) }
        case .answerPairing(let agrees, let passkey):
            guard let bluetooth else { return Self.noBluetooth }
            return bluetooth.answer(agrees, passkey: passkey)
        case .follow(let name, let sequence): return follow(name, after: sequence, command)
        case .unfollow(let name): return unfollow(name, command)
        case .put: return "a record is put together with what it says"
        case .acknowledge, .acceptPlan, .declinePlan:
            guard let pipeline, let store else { return "the hub is stopping" }
            if (try? store.hasApplied(command.id)) == true { return nil }
            let at = max(clock.now(), pipeline.now)
            record(Input(at: at, .command(command)))
            let refusal = pipeline.apply(command, at: at)
            commit()
            return refusal
        }
    }

    func status() -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("hub", configuration.hubName)
            json.member("store", configuration.storePath)
            json.member("sequence", store?.sequence ?? 0)
            json.member("now", ISO8601.format(clock.now()))
            json.member("people", configured.people.map(\.name))
            json.member("devices", configured.devices.count)
            json.member("connected", states.values.filter { $0.state == .connected }.count)
            json.member("put_aside", pipeline?.problems ?? [])
            json.member("waiting_commits", backlog.count)
            if !renewals.isEmpty { json.member("renewing", renewals.map(\.person.name)) }
        }
        return json.text
    }

    /// Reads people, devices, rules and profiles again. A bad file is reported and what was in force stays in force.
    ///
    /// - Returns: Why nothing was reloaded; `nil` when it was.
    @discardableResult
    func reload() -> String? {
        systemd.reloading(monotonicMilliseconds: HubClock.stopwatch())
        defer { systemd.ready("reloaded") }
        do {
            var next = configuration
            if let configurationPath { next = try Configuration.load(path: configurationPath) }
            var new = try next.configured { observer.log("kept the old version: \($0)") }
            if let store, !hasDerivedIDs { new = try new.identified(in: store) }
            keepGoodFiles(in: &new)
            let old = configured
            configured = new
            take(Input(at: clock.now(), .configuration(new)))
            var known = Commit(at: clock.now())
            known.people = new.people
            known.devices = new.devices
            known.assignments = new.assignments
            backlog.append(known)
            commit()
            // How a link talks follows from its profile, which port it takes from the other devices as well.
            let talksAnew = next.history != configuration.history || next.secrets != configuration.secrets
            (configuration.history, configuration.secrets) = (next.history, next.secrets)
            (configuration.people, configuration.retention) = (next.people, next.retention)
            configuration.feed = next.feed
            furnishStore()
            if old.devices != new.devices || old.profiles != new.profiles || talksAnew { restartLinks() }
            observer.log("the configuration, rules and profiles were read again")
            return nil
        } catch {
            observer.log("nothing was reloaded: \(error)")
            return "nothing was reloaded: \(error)"
        }
    }

    /// Puts the version in force back in place of each file that does not load.
    func keepGoodFiles(in new: inout Configured) {
        for problem in Household(new).problems { observer.log("kept the old version: \(problem)") }
        new.rules = Household.usable(new.rules, else: configured.rules) { Household.ruleLoads($0) }
        let profiles = new.profiles
        new.profiles = Household.usable(profiles, else: configured.profiles) {
            Household.profileLoads($0, beside: profiles)
        }
    }
}
