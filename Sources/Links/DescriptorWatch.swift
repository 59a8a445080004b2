import CBluetooth
import Dispatch
import Glibc

/// A dispatch source on a descriptor, which it owns: the descriptor is released when the source is really done with it,
/// for closing one that the event loop still knows crashes the process.
///
/// Dispatch itself never sees the descriptor, but an epoll instance that holds it and can only become readable. At a
/// hang-up libdispatch would take a source out of its event loop on the handler's thread while the loop's own thread
/// still uses it, and crash (swift-corelibs-libdispatch issue 949).
package final class DescriptorWatch {
    package enum Direction { case reading, writing }

    private let source: any DispatchSourceProtocol

    /// - Parameters:
    ///   - released: entered now and left after `release` ran.
    ///   - handler: runs on `queue` whenever the descriptor is ready, and while a hang-up or an error of it is not
    ///     answered by `cancel`.
    package init(
        _ descriptor: Int32, _ direction: Direction, queue: DispatchQueue, released: DispatchGroup,
        release: @escaping @Sendable (Int32) -> Void, handler: @escaping @Sendable () -> Void
    ) {
        let around = Self.instance(around: descriptor, direction)
        // Regular files, which never hang up, cannot be held; and without a free descriptor this is better than nothing.
        source =
            switch direction {
            case .writing where around < 0: DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
            default: DispatchSource.makeReadSource(fileDescriptor: around < 0 ? descriptor : around, queue: queue)
            }
        released.enter()
        source.setEventHandler { @Sendable in handler() }
        source.setCancelHandler { @Sendable in
            if around >= 0 { close(around) }
            release(descriptor)
            released.leave()
        }
        source.activate()
    }

    /// An epoll instance that is readable when the descriptor is ready; −1 where there can be none.
    private static func instance(around descriptor: Int32, _ direction: Direction) -> Int32 {
        let instance = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard instance >= 0 else { return -1 }
        let events = direction == .reading ? EPOLLIN : EPOLLOUT
        var interest = epoll_event(events: events.rawValue, data: epoll_data())
        if epoll_ctl(instance, EPOLL_CTL_ADD, descriptor, &interest) == 0 { return instance }
        close(instance)
        return -1
    }

    package func cancel() { source.cancel() }

    deinit { source.cancel() }
}
