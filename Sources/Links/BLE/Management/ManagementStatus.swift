/// How a management command ended (`lib/bluetooth/mgmt.h`, `MGMT_STATUS_…`).
struct ManagementStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    var rawValue: UInt8

    init(rawValue: UInt8) { self.rawValue = rawValue }

    static let success = ManagementStatus(rawValue: 0x00)
    static let unknownCommand = ManagementStatus(rawValue: 0x01)
    static let notConnected = ManagementStatus(rawValue: 0x02)
    static let failed = ManagementStatus(rawValue: 0x03)
    static let connectFailed = ManagementStatus(rawValue: 0x04)
    static let authenticationFailed = ManagementStatus(rawValue: 0x05)
    static let notPaired = ManagementStatus(rawValue: 0x06)
    static let timeout = ManagementStatus(rawValue: 0x08)
    static let alreadyConnected = ManagementStatus(rawValue: 0x09)
    static let busy = ManagementStatus(rawValue: 0x0A)
    static let rejected = ManagementStatus(rawValue: 0x0B)
    static let notSupported = ManagementStatus(rawValue: 0x0C)
    static let notPowered = ManagementStatus(rawValue: 0x0F)
    static let cancelled = ManagementStatus(rawValue: 0x10)
    static let invalidIndex = ManagementStatus(rawValue: 0x11)
    static let blockedByRfkill = ManagementStatus(rawValue: 0x12)
    static let alreadyPaired = ManagementStatus(rawValue: 0x13)
    static let permissionDenied = ManagementStatus(rawValue: 0x14)

    private static let names = [
        "success", "unknown command", "not connected", "failed", "connection failed", "authentication failed",
        "not paired", "no resources", "timeout", "already connected", "busy", "rejected", "not supported",
        "invalid parameters", "disconnected", "not powered", "cancelled", "no such adapter", "blocked by rfkill",
        "already paired", "permission denied",
    ]

    var description: String {
        Int(rawValue) < Self.names.count ? Self.names[Int(rawValue)] : "status \(rawValue)"
    }
}

/// What an adapter can do, or has switched on (`MGMT_SETTING_…`).
struct AdapterSettings: OptionSet, Hashable, Sendable {
    var rawValue: UInt32

    static let powered = AdapterSettings(rawValue: 1 << 0)
    static let bondable = AdapterSettings(rawValue: 1 << 4)
    static let lowEnergy = AdapterSettings(rawValue: 1 << 9)
    static let secureConnections = AdapterSettings(rawValue: 1 << 11)
}
