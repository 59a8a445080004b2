import Glibc

/// A socket that carries ATT messages, one a packet, without ever blocking. Whoever has it watches the descriptor and
/// closes it.
///
/// `L2CAPSocket` is the real one; a pair of local sockets serves where no radio is.
public protocol PDUChannel: Sendable {
    var descriptor: Int32 { get }
    /// Protection of the link at the moment.
    var security: SecurityLevel { get }
    /// Asks the kernel for a safer link. `security` tells when it is there; a refusal ends the connection.
    ///
    /// - Returns: 0, or the kernel's error number.
    func raiseSecurity(to level: SecurityLevel) -> Int32
}

/// What one attempt to receive brought.
public enum ReceivedPDU: Hashable, Sendable {
    case pdu([UInt8])
    /// Longer than any message of the protocol; thrown away.
    case oversized
    case nothing
    /// The connection ended; 0 when the other side just closed it.
    case ended(errno: Int32)
}

/// What became of a message that was to be sent.
public enum SentPDU: Hashable, Sendable {
    case sent
    /// The kernel's queue is full: again when the descriptor can be written.
    case full
    case failed(errno: Int32)
}

extension PDUChannel {
    /// Whether the connection came about, asked once the descriptor can be written: 0, or the kernel's error number.
    public func connectionFailure() -> Int32 {
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 else { return errno }
        return failure
    }

    public func receive() -> ReceivedPDU {
        var failure: Int32 = 0
        var size = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: ATTPacket.largestMTU) { buffer, count in
            repeat {
                size = recv(
                    descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT) | Int32(MSG_TRUNC))
                failure = errno
            } while size < 0 && failure == EINTR
            count = min(max(size, 0), buffer.count)
        }
        if size > bytes.count { return .oversized }
        if size > 0 { return .pdu(bytes) }
        if size == 0 { return .ended(errno: connectionFailure()) }
        return failure == EAGAIN ? .nothing : .ended(errno: failure)
    }

    public func send(_ pdu: [UInt8]) -> SentPDU {
        var size = 0
        repeat {
            size = Glibc.send(
                descriptor, pdu, pdu.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        } while size < 0 && errno == EINTR
        if size >= 0 { return .sent }
        let failure = errno
        return failure == EAGAIN || failure == ENOBUFS ? .full : .failed(errno: failure)
    }
}
