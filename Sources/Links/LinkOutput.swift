import Vitals

/// What a link tells whoever runs it: bytes, and how the link itself is.
public enum LinkOutput: Hashable, Sendable {
    /// Bytes as one read delivered them; `input` names the profile's input, `at` is the hub time of the read.
    case frame(device: DeviceID, input: String, bytes: [UInt8], at: Timestamp)
    /// The link changed. `reason` is a plain sentence part, fit for an event's text.
    case state(device: DeviceID, LinkState, reason: String, at: Timestamp)
    /// To be kept for the next link to the device, together with the frames before it.
    case remember(device: DeviceID, LinkMemory.Change)
}
