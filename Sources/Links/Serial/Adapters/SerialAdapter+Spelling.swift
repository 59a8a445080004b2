extension SerialAdapter {
    /// What to write into a configuration so that this adapter, and among those given no other, is meant.
    ///
    /// Prefers what survives most: USB ids alone, with the serial number, with the socket; then a link of udev; the
    /// kernel's own name last.
    public func spelling(among adapters: [SerialAdapter]) -> String {
        spellings(bare: true).first { isMeant(by: $0, among: adapters) } ?? path
    }

    /// The same, for people who already wrote the USB ids alone, or may plug in another adapter of this kind.
    public func exactSpelling(among adapters: [SerialAdapter]) -> String {
        spellings(bare: false).first { isMeant(by: $0, among: adapters) } ?? path
    }

    private func isMeant(by spelling: String, among adapters: [SerialAdapter]) -> Bool {
        guard let name = try? PortName(spelling) else { return false }
        let found = name.resolve(adapters: adapters)
        return found.count == 1 && found.first?.identity == identity
    }

    private func spellings(bare: Bool) -> [String] {
        var spellings: [String] = []
        if let usb, let ids {
            if bare { spellings.append("usb:\(ids)") }
            if let serial = usb.serial { spellings.append("usb:\(ids)@\(serial)") }
            spellings.append("usb:\(ids)@\(usb.socket)")
            if let place { spellings.append("usb:\(ids)@\(place)") }
        }
        return spellings + byPath + byID
    }
}
