/// What the parts of the Bluetooth host want done: whoever owns the socket does it.
struct ManagementActions: Hashable, Sendable {
    struct Order: Hashable, Sendable {
        var command: ManagementCommand
        var index: UInt16
    }

    /// To be sent in this order.
    var orders: [Order] = []
    /// For the log.
    var lines: [String] = []

    mutating func send(_ command: ManagementCommand, to index: UInt16 = ManagementPacket.everywhere) {
        orders.append(Order(command: command, index: index))
    }

    mutating func log(_ line: String) { lines.append(line) }

    mutating func removeAll() {
        orders.removeAll(keepingCapacity: true)
        lines.removeAll(keepingCapacity: true)
    }
}

/// Commands that the kernel has not answered yet.
struct PendingCommands: Sendable {
    private struct Key: Hashable {
        var index: UInt16
        var code: UInt16
    }

    private var waiting: [Key: (command: ManagementCommand, due: Int64)] = [:]

    /// The kernel gives a controller two seconds for each of its commands; switching one on takes a dozen of them.
    private static let patience: Int64 = 15_000
    /// Pairing waits for people, at most as long as the Security Manager does (Core 5.4, vol. 3, part H, 3.4).
    private static let pairingPatience: Int64 = 60_000

    mutating func sent(_ order: ManagementActions.Order, at now: Int64) {
        let key = Key(
            index: order.command.isGlobal ? ManagementPacket.everywhere : order.index, code: order.command.code)
        let patience = if case .pair = order.command { Self.pairingPatience } else { Self.patience }
        waiting[key] = (order.command, now + patience)
    }

    /// Takes an answer; the command it is to, unless somebody else gave it.
    mutating func answered(_ code: UInt16, index: UInt16) -> ManagementCommand? {
        waiting.removeValue(forKey: Key(index: index, code: code))?.command
    }

    /// Takes out what should have been answered by now.
    mutating func overdue(at now: Int64) -> [ManagementActions.Order] {
        let late = waiting.filter { $0.value.due <= now }
        for key in late.keys { waiting[key] = nil }
        return late.sorted { ($0.key.index, $0.key.code) < ($1.key.index, $1.key.code) }.map {
            ManagementActions.Order(command: $0.value.command, index: $0.key.index)
        }
    }

    /// Forgets what a removed adapter will not answer any more.
    mutating func drop(index: UInt16) { waiting = waiting.filter { $0.key.index != index } }

    var nextDue: Int64? { waiting.values.map(\.due).min() }
}
