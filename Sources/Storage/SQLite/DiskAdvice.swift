import Glibc

/// What to do about a disk that refuses a call.
enum DiskAdvice {
    /// - Parameter error: `errno` of the call; 0 where it is not known.
    static func after(_ error: Int32) -> String {
        switch error {
        case ENOSPC, EDQUOT: "free space on its disk"
        case EROFS:
            "its disk is read-only, as one becomes that fails: see what `dmesg` says, and mount it for writing again or "
                + "replace it"
        case EIO: "its disk fails: see what `dmesg` says, and replace it"
        default: "check that its disk works and is not read-only, and that this user may write its folder"
        }
    }
}
