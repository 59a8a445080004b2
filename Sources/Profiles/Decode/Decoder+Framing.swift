import Vitals

extension Decoder {
    /// Bytes are taken in pieces of this size, which bounds what is kept of a stream.
    private static let piece = 4096

    /// Cuts the bytes of a stream into frames.
    mutating func cut(_ bytes: [UInt8], _ index: Int, _ at: Timestamp, _ decoded: inout Decoded) {
        // The stream is taken out while its bytes are read, so that decoding may change everything else.
        var stream = streams[index]
        streams[index].rest = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Self.piece)
            let used: Int
            switch program.inputs[index].framing {
            case .none: used = 0
            case .lines(let lines):
                append(bytes, start..<end, to: &stream.rest, without: lines.drop)
                used = cutLines(lines, &stream, index, at, &decoded)
            case .syncBit(let mask, let length):
                stream.rest.append(contentsOf: bytes[start..<end])
                used = cutSync(mask, length, &stream, index, at, &decoded)
            case .marker(let marker):
                stream.rest.append(contentsOf: bytes[start..<end])
                used = cutMarked(marker, &stream, index, at, &decoded)
            }
            stream.rest.removeSubrange(0..<used)
            start = end
        }
        streams[index] = stream
    }

    private func append(_ bytes: [UInt8], _ range: Range<Int>, to rest: inout [UInt8], without dropped: [UInt8]) {
        if dropped.isEmpty {
            rest.append(contentsOf: bytes[range])
        } else {
            for byte in bytes[range] where !dropped.contains(byte) { rest.append(byte) }
        }
    }

    /// Counts a stretch of skipped bytes once.
    private mutating func lose(_ stream: inout Stream) {
        if !stream.isLost { count(.resync) }
        stream.isLost = true
    }

    private mutating func cutLines(
        _ lines: Framing.Lines, _ stream: inout Stream, _ index: Int, _ at: Timestamp, _ decoded: inout Decoded
    ) -> Int {
        let rest = stream.rest
        let bytes = rest.span
        // A line may be longer by what is stripped from it.
        let longest = lines.longest + (lines.strip.isEmpty ? 0 : 2)
        var start = 0
        for place in 0..<bytes.count where bytes[place] == lines.end {
            let line = start..<place
            start = place + 1
            if stream.isSkipping {
                stream.isSkipping = false
                continue
            }
            var first = line.lowerBound
            var last = line.upperBound
            while first < last, lines.strip.contains(bytes[first]) { first += 1 }
            while first < last, lines.strip.contains(bytes[last - 1]) { last -= 1 }
            if line.count > longest || last - first > lines.longest {
                count(.tooLong)
            } else if first < last {
                decode(bytes.extracting(first..<last), index, at, &decoded)
            }
        }
        if bytes.count - start > longest {
            if !stream.isSkipping { count(.tooLong) }
            stream.isSkipping = true
        }
        return stream.isSkipping ? bytes.count : start
    }

    private mutating func cutSync(
        _ mask: UInt8, _ length: Int, _ stream: inout Stream, _ index: Int, _ at: Timestamp, _ decoded: inout Decoded
    ) -> Int {
        let rest = stream.rest
        let bytes = rest.span
        var start = 0
        while start + length <= bytes.count {
            var isFrame = bytes[start] & mask != 0
            for i in 1..<length where bytes[start + i] & mask != 0 { isFrame = false }
            if isFrame {
                stream.isLost = false
                decode(bytes.extracting(start..<start + length), index, at, &decoded)
                start += length
            } else {
                lose(&stream)
                start += 1
            }
        }
        return start
    }

    private mutating func cutMarked(
        _ marker: Framing.Marker, _ stream: inout Stream, _ index: Int, _ at: Timestamp, _ decoded: inout Decoded
    ) -> Int {
        let rest = stream.rest
        let bytes = rest.span
        var start = 0
        while start < bytes.count {
            guard marker.start.contains(bytes[start]) else {
                lose(&stream)
                start += 1
                continue
            }
            var length = marker.length
            if marker.lengthAt >= 0 {
                guard start + marker.lengthAt < bytes.count else { break }
                length = Int(bytes[start + marker.lengthAt]) + marker.lengthAdd
                guard length > marker.lengthAt else {
                    lose(&stream)
                    start += 1
                    continue
                }
            }
            guard start + length <= bytes.count else { break }
            let packet = bytes.extracting(start..<start + length)
            guard accepts(marker, packet, &stream) else {
                start += 1
                stream.group.removeAll(keepingCapacity: true)
                continue
            }
            start += length
            stream.isLost = false
            if let group = marker.group {
                gather(packet, group, &stream, index, at, &decoded)
            } else {
                decode(packet, index, at, &decoded)
            }
        }
        return start
    }

    private mutating func accepts(
        _ marker: Framing.Marker, _ packet: Span<UInt8>, _ stream: inout Stream
    ) -> Bool {
        if marker.restMask != 0 {
            for i in 1..<packet.count where packet[i] & marker.restMask == 0 {
                lose(&stream)
                return false
            }
        }
        if marker.secondMask != 0, packet.count < 2 || packet[1] & marker.secondMask == 0 {
            lose(&stream)
            return false
        }
        if !marker.end.isEmpty, !marker.end.contains(packet[packet.count - 1]) {
            if !stream.isLost { count(.noEnd) }
            lose(&stream)
            return false
        }
        if let check = marker.check, !check.holds(in: packet) {
            // Once lost, most places that look like a start are none.
            if !stream.isLost { count(.checksum) }
            lose(&stream)
            return false
        }
        return true
    }

    private mutating func gather(
        _ packet: Span<UInt8>, _ group: Framing.Group, _ stream: inout Stream, _ index: Int, _ at: Timestamp,
        _ decoded: inout Decoded
    ) {
        guard group.firstAt < packet.count, group.take < packet.count else { return }
        if packet[group.firstAt] >> group.firstBit & 1 != 0 {
            if !stream.group.isEmpty { count(.frameLoss) }
            stream.group.removeAll(keepingCapacity: true)
        } else if stream.group.isEmpty {
            return
        }
        stream.group.append(packet[group.take])
        if stream.group.count == group.count {
            let whole = stream.group
            stream.group.removeAll(keepingCapacity: true)
            decode(whole.span, index, at, &decoded)
        }
    }
}
