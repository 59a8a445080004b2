import Profiles

/// The devices around, bounded: the ones not heard for longest make room.
struct AdvertiserTable: Sendable {
    private(set) var advertisers: [BluetoothAddress: Advertiser] = [:]
    /// The last raw data by device and kind of report: most reports say what the one before said.
    private var raw: [BluetoothAddress: Raw] = [:]

    private struct Raw {
        var advertising: [UInt8] = []
        var response: [UInt8] = []
    }

    /// Two hundred around are many; private addresses that change make more.
    static let most = 512
    /// Not heard for so long, it is gone.
    static let memory: Int64 = 120_000

    /// Takes a report.
    ///
    /// - Returns: the device as it is known now, and whether what it says has changed.
    mutating func take(
        _ report: DeviceReport, adapter: UInt16, at now: Int64
    ) -> (advertiser: Advertiser, isChanged: Bool) {
        var known = advertisers[report.address] ?? Advertiser(address: report.address, heard: now, adapter: adapter)
        var last = raw[report.address] ?? Raw()
        let isChanged = (report.isScanResponse ? last.response : last.advertising) != report.data
        if isChanged {
            known.merge(report.data)
            if report.isScanResponse { last.response = report.data } else { last.advertising = report.data }
            raw[report.address] = last
        }
        if advertisers[report.address] == nil, advertisers.count >= Self.most { forgetOldest() }
        known.heard = now
        known.adapter = adapter
        if let strength = report.strength { known.strength = strength }
        if !report.isScanResponse { known.isConnectable = report.isConnectable }
        advertisers[report.address] = known
        return (known, isChanged)
    }

    /// Forgets who was not heard for long, and what an adapter that is gone has heard.
    mutating func forget(at now: Int64, adapter: UInt16? = nil) {
        for (address, advertiser) in advertisers
        where now - advertiser.heard > Self.memory || advertiser.adapter == adapter {
            advertisers[address] = nil
            raw[address] = nil
        }
    }

    /// Half of the table at once, so that a flood of new addresses costs a sort now and then instead of a search each.
    private mutating func forgetOldest() {
        let byAge = advertisers.values.sorted { ($0.heard, $0.address.number) < ($1.heard, $1.address.number) }
        for advertiser in byAge.prefix(Self.most / 2) {
            advertisers[advertiser.address] = nil
            raw[advertiser.address] = nil
        }
    }
}
