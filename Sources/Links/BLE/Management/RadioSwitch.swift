import Glibc

/// The switch of rfkill, by software or on the case, as the kernel shows it below `/sys`.
///
/// The management interface has a status for it, but from Linux 5.17 on switching a blocked adapter on just fails
/// (`mgmt_errno_status` does not know `ERFKILL`).
enum RadioSwitch {
    /// Whether the radio of `hci<index>` is blocked; `false` where nothing can be read. Two small files at most.
    static func isBlocked(_ index: UInt16, below root: String = "/sys/class/bluetooth") -> Bool {
        let adapter = "\(root)/hci\(index)"
        guard let folder = opendir(adapter) else { return false }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("rfkill") else { continue }
            return ["soft", "hard"].contains { isSet("\(adapter)/\(name)/\($0)") }
        }
        return false
    }

    private static func isSet(_ path: String) -> Bool {
        guard let file = fopen(path, "re") else { return false }
        defer { fclose(file) }
        return fgetc(file) == Int32(UInt8(ascii: "1"))
    }
}
