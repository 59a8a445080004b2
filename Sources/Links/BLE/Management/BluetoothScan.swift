import Vitals

/// Looks which Bluetooth LE devices advertise around this machine, beside whatever else uses its adapters.
///
/// Needs `CAP_NET_ADMIN`. An adapter that is switched off is switched on where no bluetoothd runs; keys and pairings are
/// not touched.
public struct BluetoothScan: Sendable {
    private let stopwatch: @Sendable () -> Int64
    /// Told of each device when it is heard first, and when it says something new.
    private let heard: (@Sendable (Advertiser) -> Void)?
    var open: @Sendable () throws(LinkError) -> ManagementSocket = { () throws(LinkError) in
        try ManagementSocket.open()
    }
    var owner: @Sendable () -> BluetoothOwner = { SystemBus.bluetoothOwner() }

    /// An adapter that cannot be used by then will not be.
    private static let patience: Int64 = 5000
    private static let longestWait: Int64 = 200

    /// - Parameter stopwatch: monotonic milliseconds.
    public init(
        stopwatch: @escaping @Sendable () -> Int64, heard: (@Sendable (Advertiser) -> Void)? = nil
    ) {
        self.stopwatch = stopwatch
        self.heard = heard
    }

    /// Listens for a while.
    ///
    /// - Returns: the devices heard, the strongest first.
    /// - Throws: `LinkError`: no Bluetooth, no adapter, or no permission.
    public func run(for span: TimeSpan) throws(LinkError) -> [Advertiser] {
        let socket = try open()
        defer { socket.close() }
        var radio = BluetoothRadio(loadsKeys: false)
        let start = stopwatch()
        radio.begin()
        // A bus that does not answer is taken for bluetoothd: then nothing is switched.
        let owner = owner()
        radio.owned(by: owner == .unknown ? .bluetoothd : owner, at: start)
        radio.want(.constant, at: start)
        var end: Int64?
        while true {
            let now = stopwatch()
            if let end, now >= end { break }
            radio.advance(at: now)
            for order in radio.take(at: now).orders { _ = socket.send(order.command.packet(index: order.index)) }
            if end == nil {
                if radio.scanner.isListening { end = now + span.milliseconds }
                try check(radio, waited: now - start)
            }
            guard let packet = try socket.receive(within: Self.longestWait) else { continue }
            radio.take(packet, at: stopwatch(), time: Timestamp(milliseconds: 0))
            for hearing in radio.takeHeard() where hearing.isNews { heard?(hearing.advertiser) }
        }
        radio.want(.none, at: stopwatch())
        for order in radio.take(at: stopwatch()).orders { _ = socket.send(order.command.packet(index: order.index)) }
        return radio.table.advertisers.values.sorted { first, second in
            (-(first.strength ?? -128), first.address.number) < (-(second.strength ?? -128), second.address.number)
        }
    }

    private func check(_ radio: BluetoothRadio, waited: Int64) throws(LinkError) {
        let path = "bluetooth"
        if radio.adapters.adapters.values.contains(where: { $0.condition == .denied }) {
            throw LinkError(
                .permission, path: path,
                "no permission; scanning needs CAP_NET_ADMIN: run it with sudo, or ask the daemon with devices list")
        }
        guard waited >= Self.patience else { return }
        if let obstacle = radio.adapters.obstacle { throw LinkError(.missing, path: path, obstacle) }
        if !radio.scanner.isListening, waited >= 2 * Self.patience {
            throw LinkError(.unanswered, path: path, "the adapter does not begin to scan; see the kernel's log (dmesg)")
        }
    }
}
