/// A serial port of this machine, and the USB adapter it is on.
public struct SerialAdapter: Hashable, Sendable {
    /// What a USB device says of itself, and where it is plugged in.
    public struct USB: Hashable, Sendable {
        public var vendor: UInt16
        public var product: UInt16
        /// Many adapters have none (CH340), or all of a kind have the same (`0001`).
        public var serial: String?
        public var manufacturer: String?
        public var productName: String?
        /// The socket as the kernel counts: bus, then ports of hubs on the way, e.g. `1-1.4`. Stays the same when
        /// another device is plugged in there, and over restarts of a machine whose buses do not change.
        public var socket: String
        /// Number of the interface, for devices with several ports.
        public var interface: Int?
        /// What the device calls the interface.
        public var interfaceName: String?
        /// Another one each time a device is plugged in.
        public var deviceNumber: Int?

        public init(
            vendor: UInt16, product: UInt16, serial: String? = nil, manufacturer: String? = nil,
            productName: String? = nil, socket: String, interface: Int? = nil, interfaceName: String? = nil,
            deviceNumber: Int? = nil
        ) {
            self.vendor = vendor
            self.product = product
            self.serial = serial
            self.manufacturer = manufacturer
            self.productName = productName
            self.socket = socket
            self.interface = interface
            self.interfaceName = interfaceName
            self.deviceNumber = deviceNumber
        }
    }

    /// The kernel's name, e.g. `ttyUSB0`. Given in the order of plugging in: tells nothing about which device it is.
    public var name: String
    /// Where it is opened, e.g. `/dev/ttyUSB0`.
    public var path: String
    /// `nil` for ports that are not on USB.
    public var usb: USB?
    /// Where on the adapter: `1-1.4:1.0`, with `-port1` behind it for the second port of one interface.
    public var place: String?
    /// Links of `/dev/serial/by-id` that lead here: follow the adapter.
    public var byID: [String]
    /// Links of `/dev/serial/by-path` that lead here: follow the socket.
    public var byPath: [String]

    public init(
        name: String, path: String, usb: USB? = nil, place: String? = nil, byID: [String] = [], byPath: [String] = []
    ) {
        self.name = name
        self.path = path
        self.usb = usb
        self.place = place
        self.byID = byID
        self.byPath = byPath
    }

    /// What tells one plugging in of an adapter from the next, whatever names it gets meanwhile.
    struct Identity: Hashable, Sendable {
        var name: String
        var place: String?
        var vendor: UInt16?
        var product: UInt16?
        var serial: String?
        var deviceNumber: Int?
    }

    var identity: Identity {
        Identity(
            name: name, place: place, vendor: usb?.vendor, product: usb?.product, serial: usb?.serial,
            deviceNumber: usb?.deviceNumber)
    }

    /// USB ids as configurations and `lsusb` write them, e.g. `10c4:ea60`; `nil` without USB.
    public var ids: String? { usb.map { "\(PortName.hex($0.vendor)):\(PortName.hex($0.product))" } }

    /// For people: path, then what it is.
    public var title: String {
        let words = [usb?.manufacturer, usb?.productName].compactMap { $0 }.joined(separator: " ")
        return ([path, words, usb?.serial.map { "serial \($0)" }, usb.map { "in socket \($0.socket)" }] as [String?])
            .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    /// Whether another adapter has the same USB ids.
    public func hasTwin(in adapters: [SerialAdapter]) -> Bool {
        ids != nil && adapters.contains { $0.ids == ids && $0.identity != identity }
    }
}
