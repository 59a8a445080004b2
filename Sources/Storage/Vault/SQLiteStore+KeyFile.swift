import Glibc
import Vitals

extension SQLiteStore {
    /// The name of a systemd credential that holds the key: `LoadCredential=vitald.key:/etc/vitald/store.key`.
    public static let credential = "vitald.key"

    /// Opens a store with the key in a file.
    ///
    /// Where none is named, `$VITALD_KEY_FILE` is looked at, then the credential `vitald.key`: for a store that is encrypted, or is
    /// made now. A store that is plain needs none and is not asked about it.
    public static func open(path: String, mode: Mode, keyFile: String?) throws(StoreError) -> SQLiteStore {
        try withKey(keyFile, of: path) { (key) throws(StoreError) in try open(path: path, mode: mode, key: key) }
    }

    /// Repairs a store with the key in a file, found as for `open`.
    public static func repair(path: String, hub: HubID, keyFile: String?) throws(StoreError) -> RepairReport {
        try withKey(keyFile, of: path) { (key) throws(StoreError) in try repair(path: path, hub: hub, key: key) }
    }

    private static func withKey<R>(
        _ keyFile: String?, of path: String, _ body: (StoreKey?) throws(StoreError) -> R
    ) throws(StoreError) -> R {
        if let keyFile { return try body(try StoreKey.read(keyFile)) }
        guard let usual = usualKey else { return try body(nil) }
        if access(path, F_OK) == 0 {
            do throws(StoreError) { return try body(nil) } catch {
                guard error.code == .sealed else { throw error }
            }
        }
        return try body(try StoreKey.read(usual.path, isGuarded: usual.isGuarded))
    }

    private static var usualKey: (path: String, isGuarded: Bool)? {
        if let path = getenv("VITALD_KEY_FILE").map({ String(cString: $0) }), !path.isEmpty { return (path, false) }
        guard let folder = getenv("CREDENTIALS_DIRECTORY").map({ String(cString: $0) }) else { return nil }
        let path = "\(folder)/\(credential)"
        return access(path, F_OK) == 0 ? (path, true) : nil
    }
}
