import CSQLite
import Glibc
import Vitals

/// What SQLite reported: its code, its words and what was being done.
struct SQLiteError: Error {
    /// The extended result code; its low byte is the primary one (sqlite.org/rescode.html).
    var code: Int32
    /// SQLite's own message.
    var message: String
    /// `errno` of the failed system call, 0 when none failed.
    var systemError: Int32
    /// What was being done, to follow "cannot": `open it`, `run INSERT…`.
    var doing: String

    var primary: Int32 { code & 0xFF }

    // A page that the file should hold but does not; a file system that contradicts itself. Both are damage, not a
    // device that refuses (sqlite.org/rescode.html#ioerr_short_read, #ioerr_corruptfs; the macros are not imported).
    private static let shortRead = SQLITE_IOERR | (2 << 8)
    private static let corruptFileSystem = SQLITE_IOERR | (33 << 8)

    /// Reads the error of the last call on `connection`, which was the last of the system's calls to fail, too.
    init(_ code: Int32, of connection: OpaquePointer?, doing: String) {
        // `sqlite3_system_errno` knows none of a commit that fails, but that of an earlier error.
        systemError = errno
        let extended = connection.map { sqlite3_extended_errcode($0) } ?? code
        // Some codes come back from a call without being recorded on the connection.
        self.code = extended & 0xFF == code & 0xFF ? extended : code
        if let connection, extended & 0xFF == code & 0xFF, let text = sqlite3_errmsg(connection) {
            message = String(cString: text)
        } else {
            message = sqlite3_errstr(code).map { String(cString: $0) } ?? "error \(code)"
        }
        self.doing = doing
    }

    /// The error as callers of `Store` see it.
    func storeError(path: String) -> StoreError {
        let isOfSystem = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(primary) && systemError != 0
        let said = isOfSystem ? ", \(String(cString: strerror(systemError)))" : ""
        let reason = "SQLite \(code): \(message)\(said)"
        let problem = "cannot \(doing) (\(reason))"
        switch primary {
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            return StoreError(.damaged, path: path, "\(problem): the file is damaged or no store; \(Self.rescue)")
        case SQLITE_IOERR where code == Self.shortRead || code == Self.corruptFileSystem:
            return StoreError(.damaged, path: path, "\(problem): the file is damaged; \(Self.rescue)")
        case SQLITE_FULL:
            return StoreError(.unwritable, path: path, "\(problem): \(DiskAdvice.after(ENOSPC))")
        case SQLITE_READONLY, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH:
            let advice = DiskAdvice.after(isOfSystem ? systemError : 0)
            return StoreError(.unwritable, path: path, "\(problem): \(advice)")
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL:
            return StoreError(
                .locked, path: path, "\(problem): another program writes it; close that program and try again")
        default:
            return StoreError(.other, path: path, problem)
        }
    }

    static let rescue = "`vitald store repair` keeps what is readable; or restore a backup"
}
