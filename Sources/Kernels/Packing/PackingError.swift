/// Why bytes could not be unpacked.
public enum PackingError: Error, Hashable, Sendable {
    /// They end before what they promise.
    case truncated
    /// They say what no packer writes.
    case malformed
}
