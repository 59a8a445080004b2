import Dispatch

/// A dispatch source on a descriptor, which it owns: the descriptor is released when the source is really done with it,
/// for closing one that the event loop still knows crashes the process.
final class DescriptorWatch {
    enum Direction { case reading, writing }

    private let source: any DispatchSourceProtocol

    /// - Parameters:
    ///   - released: entered now and left after `release` ran.
    ///   - handler: runs on `queue` whenever the descriptor is ready.
    init(
        _ descriptor: Int32, _ direction: Direction, queue: DispatchQueue, released: DispatchGroup,
        release: @escaping @Sendable (Int32) -> Void, handler: @escaping @Sendable () -> Void
    ) {
        source =
            switch direction {
            case .reading: DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            case .writing: DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
            }
        released.enter()
        source.setEventHandler { @Sendable in handler() }
        source.setCancelHandler { @Sendable in
            release(descriptor)
            released.leave()
        }
        source.activate()
    }

    func cancel() { source.cancel() }

    deinit { source.cancel() }
}
