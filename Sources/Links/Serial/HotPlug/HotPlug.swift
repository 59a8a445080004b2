import Dispatch
import Glibc

/// Notices that serial ports may have come or gone.
///
/// Two ears: the kernel's uevents (a netlink socket, `NETLINK_KOBJECT_UEVENT`), which tell at once, and inotify on
/// `/dev`, which tells when udev has named the port and opened it for the group. In a container or a strict sandbox there
/// may be no uevents; then the second does alone. Neither is believed: whoever is told looks at sysfs himself, so a
/// forged or a lost message does no harm.
///
/// `@unchecked Sendable`: nothing changes after `init`, and the kernel hands each pending message to one reader.
final class HotPlug: @unchecked Sendable {
    private let uevents: Int32
    private let watch: Int32
    private let sources: [DescriptorWatch]

    // linux/netlink.h
    private static let kernelEvents: Int32 = 15
    /// The kernel's own messages. Group 2 are udev's, which carry a format of their own.
    private static let kernelGroup: UInt32 = 1
    /// Longest message: the kernel's own limit is 2 KB of variables and a path.
    private static let longestMessage = 8192
    private static let changes = UInt32(IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB)
    /// Messages read before other work on the queue gets its turn; a storm of them is one change anyway.
    private static let readsPerTurn = 256

    /// - Parameters:
    ///   - root: where `/dev` is; uevents are heard only where it is empty.
    ///   - handler: runs on `queue` when something happened; ask `drain` what.
    init(
        root: String = "", queue: DispatchQueue, released: DispatchGroup, handler: @escaping @Sendable () -> Void
    ) {
        uevents = root.isEmpty ? HotPlug.listen() : -1
        watch = HotPlug.follow("\(root)/dev")
        sources = [uevents, watch].filter { $0 >= 0 }.map { descriptor in
            DescriptorWatch(
                descriptor, .reading, queue: queue, released: released, release: { _ = close($0) }, handler: handler)
        }
    }

    /// Whether the kernel's own events are heard.
    var hearsKernel: Bool { uevents >= 0 }
    /// Whether anything is heard at all; else only repeated looks help.
    var hearsAnything: Bool { uevents >= 0 || watch >= 0 }

    func cancel() { for source in sources { source.cancel() } }

    /// Reads all that is pending, to `EAGAIN`; whether a serial port may be concerned.
    func drain() -> Bool {
        let told = drain(uevents) { KernelEvent($0)?.subsystem == "tty" }
        // Terminals of consoles and sessions change their attributes all the time; hardware ports have other names.
        let seen = drain(watch) { bytes in
            HotPlug.names(bytes).contains {
                $0.isEmpty || ($0.hasPrefix("tty") && $0.dropFirst(3).first?.isNumber == false)
            }
        }
        return told || seen
    }

    private func drain(_ descriptor: Int32, _ concerns: (UnsafeRawBufferPointer) -> Bool) -> Bool {
        guard descriptor >= 0 else { return false }
        var matters = false
        withUnsafeTemporaryAllocation(byteCount: HotPlug.longestMessage, alignment: 8) { buffer in
            for _ in 0..<HotPlug.readsPerTurn {
                let size = read(descriptor, buffer.baseAddress, buffer.count)
                let failure = errno
                if size > 0 {
                    if concerns(UnsafeRawBufferPointer(rebasing: buffer[..<size])) { matters = true }
                } else if size < 0, failure == ENOBUFS {
                    // Messages were lost: anything may have happened.
                    matters = true
                } else if size == 0 || failure != EINTR {
                    return
                }
            }
        }
        return matters
    }

    /// The names in a batch of inotify's events; an empty one for an overflow.
    private static func names(_ events: UnsafeRawBufferPointer) -> [String] {
        // struct inotify_event { int wd; uint32_t mask, cookie, len; char name[len]; }
        let headSize = 16
        var names: [String] = []
        var offset = 0
        while offset + headSize <= events.count {
            let length = Int(events.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            guard offset + headSize + length <= events.count else { break }
            let name = events[(offset + headSize)..<(offset + headSize + length)].prefix { $0 != 0 }
            names.append(String(decoding: name, as: UTF8.self))
            offset += headSize + length
        }
        return names
    }

    private static func listen() -> Int32 {
        // SOCK_RAW, SOCK_CLOEXEC and SOCK_NONBLOCK of asm-generic; the C library declares them as an enumeration.
        let kind = Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, kind, kernelEvents)
        guard descriptor >= 0 else { return -1 }
        // struct sockaddr_nl { sa_family_t family; unsigned short pad; __u32 pid, groups; }
        let size = 12
        let bound = withUnsafeTemporaryAllocation(byteCount: MemoryLayout<sockaddr>.size, alignment: 4) { address in
            address.initializeMemory(as: UInt8.self, repeating: 0)
            address.storeBytes(of: UInt16(AF_NETLINK), as: UInt16.self)
            address.storeBytes(of: kernelGroup, toByteOffset: 8, as: UInt32.self)
            return bind(descriptor, address.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(size))
        }
        guard bound == 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
    }

    private static func follow(_ folder: String) -> Int32 {
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return -1 }
        guard inotify_add_watch(descriptor, folder, changes) >= 0 else {
            close(descriptor)
            return -1
        }
        return descriptor
    }
}
