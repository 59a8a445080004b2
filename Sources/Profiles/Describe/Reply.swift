import Vitals

/// What answers a step, and how one knows that the answer is complete.
///
/// Devices answer in several packets, with unasked ones between them, and sometimes not at all. A reply says which frames
/// belong to the answer, which one ends it, how long to wait, and how often to ask.
public struct Reply: Hashable, Sendable {
    /// Frames that belong to it; others are left alone.
    public internal(set) var when: FramePattern
    /// What ends it, tried in order; empty: the first frame does.
    public internal(set) var ends: [End]
    /// The device says no: asking again is of no use.
    public internal(set) var refusal: FramePattern?
    /// How long to wait for the next frame of it.
    public internal(set) var within: TimeSpan
    /// How often to ask at most.
    public internal(set) var tries: Int
    /// Without an answer things go on; else the connection has failed.
    public internal(set) var isOptional: Bool

    /// A frame that ends an answer, or one of a numbered row of which the last does.
    public struct End: Hashable, Sendable {
        var when: FramePattern
        /// The byte that numbers the frames of the answer, from 0.
        var index: Int?
        var total = Total.none
    }

    /// Where it says how many frames a numbered row has.
    enum Total: Hashable, Sendable {
        case none
        /// That byte of the same frame.
        case here(Int)
        /// That byte of a frame that fits.
        case head(FramePattern, at: Int)
    }

    /// How many bytes must be there before a frame can be told.
    public var reach: Int {
        var reach = max(when.reach, refusal?.reach ?? 0)
        for end in ends {
            reach = max(reach, end.when.reach, (end.index ?? -1) + 1)
            switch end.total {
            case .none: break
            case .here(let at): reach = max(reach, at + 1)
            case .head(let pattern, let at): reach = max(reach, pattern.reach, at + 1)
            }
        }
        return reach
    }

    /// How an answer comes in.
    public struct Progress: Hashable, Sendable {
        public let reply: Reply
        private var next = 0
        private var total: Int?
        private var isBroken = false

        public enum Outcome: Hashable, Sendable {
            /// Not a frame of this answer.
            case foreign
            /// There is more to come.
            case part
            /// All of it is there.
            case complete
            /// It is over, and frames of it are missing.
            case broken
            case refused
        }

        public init(_ reply: Reply) { self.reply = reply }

        /// Takes a frame. A frame numbered 0 begins anew: the device answers once more.
        public mutating func hear(_ frame: some RandomAccessCollection<UInt8>) -> Outcome {
            if let refusal = reply.refusal, refusal.fits(frame) { return .refused }
            guard reply.when.fits(frame) else { return .foreign }
            guard !reply.ends.isEmpty else { return .complete }
            for end in reply.ends where end.when.fits(frame) {
                guard let place = end.index else { return isBroken ? .broken : .complete }
                guard let number = frame.byte(at: place) else { return .part }
                if number == 0 { (next, isBroken) = (0, false) }
                if number != next { isBroken = true }
                next = number + 1
                switch end.total {
                case .none: break
                case .here(let at): total = frame.byte(at: at)
                case .head(let pattern, let at): if pattern.fits(frame) { total = frame.byte(at: at) }
                }
                guard let total, next >= total else { return .part }
                return isBroken ? .broken : .complete
            }
            return .part
        }
    }
}

/// Bytes that a frame has at certain places.
public struct FramePattern: Hashable, Sendable {
    var tests: [Test]

    struct Test: Hashable, Sendable {
        var at: Int
        var allowed: ByteClass
    }

    /// How many bytes it looks at, from the first.
    var reach: Int { tests.reduce(0) { max($0, $1.at + 1) } }

    /// A frame that is too short does not fit.
    func fits(_ frame: some RandomAccessCollection<UInt8>) -> Bool {
        tests.allSatisfy { test in frame.byte(at: test.at).map { test.allowed.contains(UInt8($0)) } ?? false }
    }
}

extension RandomAccessCollection<UInt8> {
    fileprivate func byte(at offset: Int) -> Int? {
        offset < count ? Int(self[index(startIndex, offsetBy: offset)]) : nil
    }
}

/// What every frame of an input has in common.
public struct FrameShape: Hashable, Sendable {
    /// `nil` for any.
    var length: Int?
    var check: Check?

    /// Whether a frame has the right length and carries the right sum.
    public func holds(in frame: [UInt8]) -> Bool {
        (length.map { frame.count == $0 } ?? true)
            && (check.map { check in frame.withUnsafeBufferPointer { check.holds(in: $0) } } ?? true)
    }
}

extension Profile {
    /// The input that gets the bytes of the line: the first of the file. Others on the line are a driver's.
    public var serialInput: String? { program.inputs.first { inputs[$0.name] == .serial }?.name }

    /// What every notification of an input has in common; `nil` for inputs whose bytes are a stream.
    public func shape(of input: String) -> FrameShape? {
        guard let shape = program.inputs.first(where: { $0.name == input })?.shape, shape.isWhole else { return nil }
        return FrameShape(length: shape.length < 0 ? nil : Int(shape.length), check: shape.check)
    }
}
