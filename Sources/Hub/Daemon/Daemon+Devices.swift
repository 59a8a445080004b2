import JSON5
import Links
import Vitals

/// What is told of devices, and pairing.
extension Daemon {
    /// What a device sent since the start.
    struct Traffic {
        var bytes = 0
        /// Notifications of a Bluetooth device; reads of a serial port.
        var frames = 0
        var last: Timestamp?

        mutating func take(_ count: Int, at time: Timestamp) {
            bytes += count
            frames += 1
            last = time
        }
    }

    static let noBluetooth = "no Bluetooth device is in the configuration; give the device its address there first"

    func devices() -> [String] {
        let batteries = batteries()
        return configured.devices.map { device in
            var json = JSONWriter()
            json.object { describe(device, battery: batteries[device.id], isWhole: false, &$0) }
            return json.text
        }
    }

    func device(named name: String) throws(SocketError) -> String {
        guard let device = configured.devices.first(where: { $0.name == name }) else { throw unknown(name) }
        var json = JSONWriter()
        json.object { describe(device, battery: batteries()[device.id], isWhole: true, &$0) }
        return json.text
    }

    private func unknown(_ name: String) -> SocketError {
        let names = configured.devices.map(\.name)
        let hint = didYouMean(name, in: names) ?? "known: \(names.joined(separator: ", "))"
        return SocketError("no device '\(name)' in the configuration; \(hint)")
    }

    private func describe(
        _ device: Device, battery: (level: Float, at: Timestamp)?, isWhole: Bool, _ json: inout JSONWriter
    ) {
        let standing = bluetooth?.standing(of: device.id)
        json.member("name", device.name)
        json.member("profile", device.profile)
        if let standing {
            json.member("address", standing.address.map { "\($0)" } ?? device.port)
            if isWhole {
                json.member("address_kind", standing.address.map { Self.kind(of: $0) })
                json.member("adapter", standing.adapter)
            }
        } else {
            json.member("port", device.port)
            json.member("found", ports?.found(device.id))
        }
        let person = configured.assignments.first { $0.device == device.id }?.person
        json.member("person", configured.people.first { $0.id == person }?.name)
        json.member("state", states[device.id]?.state.name ?? "starting")
        json.member("reason", standing.map(\.reason).flatMap { $0.isEmpty ? nil : $0 } ?? states[device.id]?.reason)
        json.member("since", states[device.id].map { ISO8601.format($0.since) })
        if let standing {
            if isWhole { json.member("link", standing.link) }
            json.member("rssi", standing.strength)
            if isWhole { json.member("rssi_at", standing.heard.map { ISO8601.format($0) }) }
        }
        if standing != nil || battery != nil { json.member("battery", battery.map { Double($0.level) }) }
        if isWhole, let battery { json.member("battery_at", ISO8601.format(battery.at)) }
        if isWhole, let standing {
            json.member("manufacturer", standing.identity.manufacturer)
            json.member("model", standing.identity.model)
            json.member("firmware", standing.identity.firmware)
            json.member("serial", standing.identity.serial)
            json.member("bond", Self.text(standing.bond))
        }
        let traffic = received[device.id] ?? Traffic()
        json.member("last_frame", traffic.last.map { ISO8601.format($0) })
        json.member("frames", traffic.frames)
        json.member("bytes", traffic.bytes)
        json.object("diagnostics") { json in
            for entry in pipeline?.diagnostics ?? [] where entry.device == device.id {
                json.member(entry.kind, entry.count)
            }
        }
    }

    private static func kind(of address: BluetoothAddress) -> String {
        switch address.privacy {
        case nil: "public"
        case .static: "random, static"
        case .resolvable: "random, changing; the bond tells whose it is"
        case .nonResolvable: "random, changing"
        }
    }

    private static func text(_ bond: Bond?) -> String {
        guard let bond else { return "none" }
        return "since \(ISO8601.format(bond.since))" + (bond.isAuthenticated ? ", confirmed by a person" : "")
    }

    /// The newest battery level of each device in the store.
    private func batteries() -> [DeviceID: (level: Float, at: Timestamp)] {
        guard let store else { return [:] }
        var batteries: [DeviceID: (level: Float, at: Timestamp)] = [:]
        for series in (try? store.series(of: nil)) ?? [] where series.key.metric == .battery && series.count > 0 {
            let range = TimeRange(series.last, series.last + .milliseconds(1))
            try? store.samples(of: series.key.person, metrics: [.battery], in: range) { sample in
                guard sample.source == series.key.source, sample.time >= batteries[sample.source]?.at ?? .distantPast
                else { return }
                batteries[sample.source] = (sample.value, sample.time)
            }
        }
        return batteries
    }

    // MARK: Pairing

    /// What a person orders for a device of the household, by its name, or for an address.
    func byHand(_ command: Command, _ name: String, _ order: (BLELinks, BLELinks.Target) -> String?) -> String? {
        if (try? store?.hasApplied(command.id)) == true { return nil }
        guard let bluetooth else { return Self.noBluetooth }
        let target: BLELinks.Target
        if let device = configured.devices.first(where: { $0.name == name }) {
            guard bluetooth.standing(of: device.id) != nil else { return "\(name) is not a Bluetooth device" }
            target = .device(device.id)
        } else if let peer = try? PeerName(name), case .address = peer {
            target = .peer(peer)
        } else {
            return unknown(name).description
        }
        if let refusal = order(bluetooth, target) { return "\(name): \(refusal)" }
        observer.log("\(name): \(command.actor) \(command.action.verb)")
        var commit = Commit(at: clock.now())
        commit.commands = [AppliedCommand(command: command, at: commit.at)]
        backlog.append(commit)
        self.commit()
        return nil
    }

    /// How the pairing that was begun last goes: `running`, `compare` or `show` with `digits`, `enter`, `done`, or
    /// `failed` with its `reason`.
    func pairing() -> String {
        let pairing = bluetooth?.pairing
        var json = JSONWriter()
        json.object { json in
            json.member("address", pairing?.address.map { "\($0)" })
            switch pairing?.progress {
            case .running: json.member("progress", "running")
            case .asking(.enter): json.member("progress", "enter")
            case .asking(.compare(let number)):
                json.member("progress", "compare")
                json.member("digits", Self.digits(number))
            case .asking(.show(let number)):
                json.member("progress", "show")
                json.member("digits", Self.digits(number))
            case .done: json.member("progress", "done")
            case .failed(let reason):
                json.member("progress", "failed")
                json.member("reason", reason)
            case nil:
                json.member("progress", "failed")
                json.member("reason", "nothing is being paired; the links were restarted, perhaps")
            }
        }
        return json.text
    }

    /// Six of them, as the Security Manager counts.
    private static func digits(_ number: UInt32) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(6 - text.count, 0)) + text
    }
}

extension Command.Action {
    /// For the log, after who did it.
    fileprivate var verb: String {
        switch self {
        case .pair: "pairs it"
        case .forgetDevice: "deletes its keys"
        default: "gave an order"
        }
    }
}
