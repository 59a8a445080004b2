/// By what a device of a profile is recognised.
public struct Match: Hashable, Sendable {
    /// One sign of recognition.
    public enum Sign: Hashable, Sendable {
        /// A service in the advertisement, or, after connecting, in the GATT table.
        case service(BluetoothUUID, inGATT: Bool)
        /// The advertised name; the pattern may begin anywhere in it.
        case name(Pattern)
        /// Manufacturer data of a company, of a length if given.
        case manufacturer(UInt16, length: Int?)
        /// A USB adapter. With `probe` the id is shared with other gadgets and only the bytes decide.
        case usb(vendor: UInt16, product: UInt16?, probe: Bool)
        /// The name of a paired Bluetooth Classic serial device.
        case rfcomm(Pattern)
    }

    /// One of them must hold; empty asks nothing.
    public var any: [Sign] = []
    /// Each of them must hold.
    public var all: [Sign] = []
    /// None of them may hold.
    public var not: [Sign] = []

    public init() {}

    /// Whether a serial adapter with that USB id may carry such a device, and whether it must be probed first.
    public func usb(vendor: UInt16, product: UInt16) -> (matches: Bool, needsProbe: Bool) {
        for case .usb(let wanted, let wantedProduct, let probe) in any
        where wanted == vendor && (wantedProduct == nil || wantedProduct == product) {
            return (true, probe)
        }
        return (false, false)
    }
}
