/// How a stream is cut into frames.
enum Framing: Sendable {
    /// One read or notification is one frame.
    case none
    case lines(Lines)
    case syncBit(mask: UInt8, length: Int)
    case marker(Marker)

    struct Lines: Sendable {
        var end: UInt8
        /// Bytes that are taken off both ends of a line.
        var strip: [UInt8]
        /// Bytes that are removed wherever they stand.
        var drop: [UInt8]
        var longest: Int
    }

    struct Marker: Sendable {
        /// One of these begins a frame.
        var start: [UInt8]
        /// The length, or where it stands and what is to be added.
        var length: Int
        var lengthAt = -1
        var lengthAdd = 0
        /// One of these ends it; empty asks nothing.
        var end: [UInt8] = []
        /// What every byte after the first must satisfy.
        var rest = BitRule()
        /// The same for the second byte.
        var second = BitRule()
        var check: Check?
        var group: Group?
    }

    /// Bits of which at least one must be set, or none may be; a mask of 0 asks nothing.
    struct BitRule: Sendable {
        var mask: UInt8 = 0
        var set = true

        func allows(_ byte: UInt8) -> Bool { mask == 0 || (byte & mask != 0) == set }
    }

    /// Several packets carry one frame, one byte each.
    struct Group: Sendable {
        var count: Int
        /// Where a set bit marks the first packet.
        var firstAt: Int
        var firstBit: UInt8
        /// The byte each packet contributes.
        var take: Int
    }
}

/// A checksum.
struct Check: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case sum8, sum7, xor8
        case crc8(polynomial: UInt8, initial: UInt8, reflected: Bool)
    }

    var kind: Kind
    /// Where it stands; negative from the end.
    var at: Int
    /// What it is over, `over.1` excluded; negative from the end.
    var from: Int
    var to: Int

    /// Whether the frame carries the right sum. A frame too short for one does not.
    func holds(in frame: UnsafeBufferPointer<UInt8>) -> Bool {
        guard frame.count >= 2, let (place, range) = places(in: frame.count) else { return false }
        return frame[place] == sum(of: frame, range)
    }

    /// Where a frame's sum stands, what stands there and what should; `nil` in a frame too short for one.
    func reading(_ frame: [UInt8]) -> (place: Int, found: UInt8, due: UInt8, over: Range<Int>)? {
        guard frame.count >= 2, let (place, range) = places(in: frame.count) else { return nil }
        return (place, frame[place], frame.withUnsafeBufferPointer { sum(of: $0, range) }, range)
    }

    /// Writes the sum to where it belongs; nothing where the packet is too short for one.
    func seal(_ packet: inout [UInt8]) {
        guard let (place, range) = places(in: packet.count) else { return }
        let sum = packet.withUnsafeBufferPointer { self.sum(of: $0, range) }
        packet[place] = sum
    }

    /// Where the sum stands in a frame of `count` bytes, and what it is over.
    private func places(in count: Int) -> (Int, Range<Int>)? {
        let place = at < 0 ? count + at : at
        let end = to < 0 ? count + to : to
        guard place >= 0, place < count, from >= 0, from <= end, end <= count else { return nil }
        return (place, from..<end)
    }

    private func sum(of frame: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> UInt8 {
        var sum: UInt8 = 0
        switch kind {
        case .sum8: for i in range { sum &+= frame[i] }
        case .sum7:
            for i in range { sum &+= frame[i] }
            sum &= 0x7F
        case .xor8: for i in range { sum ^= frame[i] }
        case .crc8(let polynomial, let initial, let reflected):
            sum = initial
            for i in range {
                sum ^= frame[i]
                for _ in 0..<8 {
                    let carries = reflected ? sum & 1 != 0 : sum & 0x80 != 0
                    sum = reflected ? sum >> 1 : sum << 1
                    if carries { sum ^= polynomial }
                }
            }
        }
        return sum
    }
}

/// Bit `k` of the byte `at` is the true top bit of the `k`-th of `count` bytes beginning at `from` (Contec).
struct Unpack: Sendable {
    var at: Int
    var from: Int
    var count: Int

    /// Restores the top bits; `false` when the frame is too short.
    func apply(to frame: inout [UInt8]) -> Bool {
        guard at < frame.count, from + count <= frame.count else { return false }
        let high = frame[at]
        for k in 0..<count {
            frame[from + k] = frame[from + k] & 0x7F | (high >> UInt8(k) & 1) << 7
        }
        return true
    }
}
