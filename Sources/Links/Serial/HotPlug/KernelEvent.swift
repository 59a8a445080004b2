/// What the kernel tells when hardware comes or goes: `add@/devices/…` and `KEY=value` lines, separated by zeros
/// (lib/kobject_uevent.c).
struct KernelEvent: Hashable, Sendable {
    /// `add`, `remove`, `change`, …
    var action: String
    /// `tty`, `usb`, …
    var subsystem: String
    /// Name below `/dev`, where it has one.
    var deviceName: String?

    /// `nil` for anything but a kernel's message; udev's own begin with `libudev`.
    init?(_ message: some Collection<UInt8>) {
        var action: String?
        var subsystem: String?
        for (index, part) in message.split(separator: 0).enumerated() {
            let text = String(decoding: part, as: UTF8.self)
            if index == 0 {
                guard text.contains("@/") else { return nil }
            } else if text.hasPrefix("ACTION=") {
                action = String(text.dropFirst(7))
            } else if text.hasPrefix("SUBSYSTEM=") {
                subsystem = String(text.dropFirst(10))
            } else if text.hasPrefix("DEVNAME=") {
                deviceName = String(text.dropFirst(8))
            }
        }
        guard let action, let subsystem else { return nil }
        self.action = action
        self.subsystem = subsystem
    }
}
