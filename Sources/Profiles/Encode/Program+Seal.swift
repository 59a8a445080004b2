extension Program {
    /// Puts around a frame what it has on its way: packed bits, marks, lengths, sums, line ends. `nil` where the frame does
    /// not fit into it.
    func seal(_ frame: [UInt8], _ input: Int) -> [UInt8]? {
        let shape = code.shapes[input]
        var frame = frame
        if let unpack = shape.unpack, !unpack.pack(&frame) { return nil }
        switch inputs[input].framing {
        case .none:
            shape.check?.seal(&frame)
            return frame
        case .lines(let lines):
            shape.check?.seal(&frame)
            guard !frame.contains(lines.end), frame.count <= lines.longest,
                frame.allSatisfy({ !lines.drop.contains($0) })
            else { return nil }
            return frame + [lines.end]
        case .syncBit(let mask, let length):
            guard frame.count == length, !frame.isEmpty, frame.dropFirst().allSatisfy({ $0 & mask == 0 }) else {
                return nil
            }
            frame[0] |= mask
            shape.check?.seal(&frame)
            return frame
        case .marker(let marker):
            guard let group = marker.group else { return marker.seal(frame, shape.check) }
            guard frame.count == group.count, group.take < marker.length, group.firstAt < marker.length else {
                return nil
            }
            var packets: [UInt8] = []
            for (index, byte) in frame.enumerated() {
                var packet = [UInt8](repeating: 0, count: marker.length)
                packet[group.take] = byte
                if index == 0 { packet[group.firstAt] |= 1 &<< group.firstBit }
                guard let sealed = marker.seal(packet, nil) else { return nil }
                packets += sealed
            }
            return packets
        }
    }
}

extension Framing.Marker {
    fileprivate func seal(_ packet: [UInt8], _ inner: Check?) -> [UInt8]? {
        var packet = packet
        guard packet.count > 1, let first = start.first else { return nil }
        if !start.contains(packet[0]) { packet[0] = first }
        if lengthAt >= 0 {
            guard lengthAt < packet.count, let length = UInt8(exactly: packet.count - lengthAdd) else { return nil }
            packet[lengthAt] = length
        } else if packet.count != length {
            return nil
        }
        if let last = end.first { packet[packet.count - 1] = last }
        for index in 1..<packet.count {
            guard let byte = rest.applied(to: packet[index]) else { return nil }
            packet[index] = byte
        }
        guard let byte = second.applied(to: packet[1]) else { return nil }
        packet[1] = byte
        inner?.seal(&packet)
        check?.seal(&packet)
        return packet
    }
}

extension Framing.BitRule {
    /// The byte with the lowest of the bits set where one must be; `nil` where a bit is set that must not be.
    fileprivate func applied(to byte: UInt8) -> UInt8? {
        if allows(byte) { return byte }
        return set ? byte | (mask & (~mask &+ 1)) : nil
    }
}

extension Unpack {
    /// Moves the top bits to where they travel; `false` when the frame is too short.
    func pack(_ frame: inout [UInt8]) -> Bool {
        guard at < frame.count, from + count <= frame.count, count <= 8 else { return false }
        var high: UInt8 = 0
        for index in 0..<count {
            high |= (frame[from + index] >> 7) &<< UInt8(index)
            frame[from + index] &= 0x7F
        }
        frame[at] |= high
        return true
    }
}
