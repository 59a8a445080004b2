import Dispatch
import Links
import Vitals

/// A sensor made of software: a pseudo-terminal behind a symbolic link, on which an encoder's frames appear as they fall
/// due by the given clock.
///
/// Nothing waits for a reader. Frames for which the line has no room, or which nobody reads, are dropped and counted, as
/// a real sensor would; a frame that the line took in part is finished first, so that a slow reader misses whole frames.
/// What the reader sends is read and ignored.
///
/// `@unchecked Sendable`: everything that changes is touched on `queue` only.
public final class VirtualDevice: @unchecked Sendable {
    /// What became of the frames so far.
    public struct Counts: Hashable, Sendable {
        public var written = 0
        public var dropped = 0
        public var isPlugged = false
        /// Why the last attempt to plug in failed.
        public var problem: String?
    }

    public let name: String
    /// The symbolic link others open.
    public let link: String

    private let queue: DispatchQueue
    private let period: DispatchTimeInterval
    private let now: @Sendable () -> Timestamp
    private var encoder: any SensorEncoder
    private let outages: [TimeRange]
    private var frames = Frames()
    private var line: PseudoTerminal?
    private var timer: (any DispatchSourceTimer)?
    /// The rest of a frame the line took in part.
    private var rest: [UInt8] = []
    private var isPulledOut = false
    private var current = Counts()

    /// - Parameters:
    ///   - link: path of the symbolic link, replaced if it exists as a link.
    ///   - everyMilliseconds: wall time between two looks at the clock. With an accelerated clock all frames of one look
    ///     arrive together, so choose it small against the sensor's own pace.
    ///   - outages: stretches of the clock in which the device is unplugged.
    ///   - now: the clock, which may run faster than the wall's but never backward.
    public init(
        name: String, encoder: any SensorEncoder, link: String, everyMilliseconds: Int = 20,
        outages: [TimeRange] = [], now: @escaping @Sendable () -> Timestamp
    ) {
        self.name = name
        self.encoder = encoder
        self.link = link
        self.outages = outages
        self.now = now
        queue = DispatchQueue(label: "vitald.simulator.\(name)")
        period = .milliseconds(max(1, everyMilliseconds))
    }

    deinit { timer?.cancel() }

    /// Plugs the device in and begins to send. What fell due before now was never sent.
    public func start() throws(LinkError) {
        try queue.sync { begin() }.get()
    }

    /// Unplugs and ends. A stopped device may be started again; its person has lived on.
    public func stop() {
        queue.sync {
            timer?.cancel()
            timer = nil
            pullOut()
        }
    }

    /// Pulls the plug: the reader sees a hang-up, and the link is gone.
    public func unplug() {
        queue.sync {
            isPulledOut = true
            pullOut()
        }
    }

    public func plug() throws(LinkError) {
        try queue.sync {
            isPulledOut = false
            return plugIn()
        }.get()
    }

    public var counts: Counts { queue.sync { current } }

    // MARK: On the queue

    private func begin() -> Result<Void, LinkError> {
        guard timer == nil else { return .success(()) }
        isPulledOut = false
        encoder.encode(until: now(), into: &frames)
        frames.removeAll()
        if !outages.contains(where: { $0.contains(now()) }), case .failure(let error) = plugIn() {
            return .failure(error)
        }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + period, repeating: period)
        timer.setEventHandler { @Sendable [weak self] in self?.look() }
        self.timer = timer
        timer.resume()
        return .success(())
    }

    private func look() {
        let time = now()
        let isOut = isPulledOut || outages.contains { $0.contains(time) }
        if isOut { pullOut() }
        if !isOut, case .failure(let error) = plugIn() { current.problem = "\(error)" }
        frames.removeAll()
        encoder.encode(until: time, into: &frames)
        send()
        _ = line?.read()
    }

    private func plugIn() -> Result<Void, LinkError> {
        guard line == nil else { return .success(()) }
        do throws(LinkError) {
            line = try PseudoTerminal(link: link)
        } catch {
            return .failure(error)
        }
        current.isPlugged = true
        current.problem = nil
        return .success(())
    }

    private func pullOut() {
        line?.close()
        line = nil
        rest = []
        current.isPlugged = false
    }

    private func send() {
        guard frames.count > 0 else { return }
        if let line, !line.hasReader { rest = [] }
        guard let line, line.hasReader, finishFrame(on: line) else {
            current.dropped += frames.count
            return
        }
        let taken = line.write(frames.bytes)
        let whole = frames.ends.partitioningIndex { $0 > taken }
        var written = whole
        let end = whole > 0 ? frames.ends[whole - 1] : 0
        if taken > end, whole < frames.count {
            rest = Array(frames.bytes[taken..<frames.ends[whole]])
            written += 1
        }
        current.written += written
        current.dropped += frames.count - written
    }

    /// Sends what is left of a frame; false while the line has no room for it.
    private func finishFrame(on line: PseudoTerminal) -> Bool {
        guard !rest.isEmpty else { return true }
        rest.removeFirst(min(line.write(rest), rest.count))
        return rest.isEmpty
    }
}

extension [Int] {
    /// The first index whose element fulfils the condition, in an array where all that do come last.
    fileprivate func partitioningIndex(where isLate: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isLate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
