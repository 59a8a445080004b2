import Vitals

extension Engine {
    /// Bytes are taken in pieces of this size, which bounds what is kept of a stream.
    private static let piece = 4096

    /// Frames of at most so many bytes are looked at as one word.
    static let longestWord = 8

    /// Cuts the bytes of a stream into frames.
    mutating func cut(
        _ bytes: Frame, _ index: Int, _ program: Program, _ decoder: inout Decoder, _ decoded: inout Decoded
    ) {
        let sync = code.shapes + index
        if sync.pointee.syncLength > 0, decoder.streams[index].rest.isEmpty {
            // Nothing is left of an earlier read: the frames are looked at where they lie.
            var isLost = decoder.streams[index].isLost
            let used = cutShortSync(
                sync.pointee.syncMask, Int(sync.pointee.syncLength), bytes, &isLost, index, program, &decoder,
                &decoded)
            decoder.streams[index].isLost = isLost
            if used < bytes.count { decoder.streams[index].rest.append(contentsOf: part(bytes, used, bytes.count)) }
            return
        }
        // The stream is taken out while its bytes are read, so that decoding may change everything else.
        var stream = decoder.streams[index]
        decoder.streams[index].rest = []
        decoder.streams[index].group = []
        var rest = stream.rest
        stream.rest = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Self.piece)
            let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
            if case .lines(let lines) = program.inputs[index].framing, !lines.drop.isEmpty {
                for byte in part where !lines.drop.contains(byte) { rest.append(byte) }
            } else {
                rest.append(contentsOf: part)
            }
            let used = rest.withUnsafeBufferPointer { all in
                switch program.inputs[index].framing {
                case .none: all.count
                case .lines(let lines): cutLines(lines, all, &stream, index, program, &decoder, &decoded)
                case .syncBit(let mask, let length):
                    cutSync(mask, length, all, &stream, index, program, &decoder, &decoded)
                case .marker(let marker): cutMarked(marker, all, &stream, index, program, &decoder, &decoded)
                }
            }
            if used == rest.count {
                rest.removeAll(keepingCapacity: true)
            } else if used > 0 {
                rest.removeSubrange(0..<used)
            }
            start = end
        }
        stream.rest = rest
        decoder.streams[index] = stream
    }

    private mutating func part(_ bytes: Frame, _ start: Int, _ end: Int) -> Frame {
        Frame(rebasing: bytes[start..<end])
    }

    /// Counts a stretch of skipped bytes once.
    private mutating func lose(_ stream: inout Decoder.Stream) {
        if !stream.isLost { count(.resync) }
        stream.isLost = true
    }

    private mutating func cutLines(
        _ lines: Framing.Lines, _ bytes: Frame, _ stream: inout Decoder.Stream, _ index: Int, _ program: Program,
        _ decoder: inout Decoder, _ decoded: inout Decoded
    ) -> Int {
        // A line may be longer by what is stripped from it.
        let longest = lines.longest + (lines.strip.isEmpty ? 0 : 2)
        var start = 0
        for place in 0..<bytes.count where bytes[place] == lines.end {
            var (first, last) = (start, place)
            start = place + 1
            if stream.isSkipping {
                stream.isSkipping = false
                continue
            }
            let count = last - first
            while first < last, lines.strip.contains(bytes[first]) { first += 1 }
            while first < last, lines.strip.contains(bytes[last - 1]) { last -= 1 }
            if count > longest || last - first > lines.longest {
                self.count(.tooLong)
            } else if first < last {
                decode(part(bytes, first, last), index, program, &decoder, &decoded)
            }
        }
        if bytes.count - start > longest {
            if !stream.isSkipping { count(.tooLong) }
            stream.isSkipping = true
        }
        return stream.isSkipping ? bytes.count : start
    }

    private mutating func cutSync(
        _ mask: UInt8, _ length: Int, _ bytes: Frame, _ stream: inout Decoder.Stream, _ index: Int,
        _ program: Program, _ decoder: inout Decoder, _ decoded: inout Decoded
    ) -> Int {
        if length <= Self.longestWord {
            return cutShortSync(mask, length, bytes, &stream.isLost, index, program, &decoder, &decoded)
        }
        var start = 0
        while start + length <= bytes.count {
            var isFrame = bytes[start] & mask != 0
            for i in 1..<length where bytes[start + i] & mask != 0 { isFrame = false }
            if isFrame {
                stream.isLost = false
                decode(part(bytes, start, start + length), index, program, &decoder, &decoded)
                start += length
            } else {
                lose(&stream)
                start += 1
            }
        }
        return start
    }

    /// Frames of up to eight bytes are looked at as one word; those that say what the last one said are only counted.
    private mutating func cutShortSync(
        _ mask: UInt8, _ length: Int, _ bytes: Frame, _ isLost: inout Bool, _ index: Int, _ program: Program,
        _ decoder: inout Decoder, _ decoded: inout Decoded
    ) -> Int {
        guard let base = UnsafeRawPointer(bytes.baseAddress) else { return 0 }
        let all: UInt64 = length == 8 ? .max : (1 &<< UInt64(8 * length)) &- 1
        let first = UInt64(mask)
        let others = (UInt64(mask) &* 0x0101_0101_0101_0101 & all) & ~0xFF
        var known = remembered(length, index, all)
        var start = 0
        var repeated = 0
        while start + length <= bytes.count {
            var word: UInt64 = 0
            if start + 8 <= bytes.count {
                word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: start, as: UInt64.self)) & all
            } else {
                for place in 0..<length { word |= UInt64(bytes[start + place]) &<< UInt64(8 * place) }
            }
            if word & first != 0, word & others == 0 {
                isLost = false
                if word & known.relevant == known.word {
                    repeated += 1
                } else {
                    if repeated > 0 { recall(repeated) }
                    decoded.frames += repeated
                    repeated = 0
                    decode(part(bytes, start, start + length), index, program, &decoder, &decoded)
                    known = remembered(length, index, all)
                }
                start += length
            } else {
                if !isLost { count(.resync) }
                isLost = true
                start += 1
            }
        }
        if repeated > 0 { recall(repeated) }
        decoded.frames += repeated
        return start
    }

    /// What a short frame must say, in which bits, to say what the remembered one said; something that none says when
    /// nothing is remembered.
    private mutating func remembered(_ length: Int, _ index: Int, _ all: UInt64) -> (relevant: UInt64, word: UInt64) {
        let shape = code.shapes + index
        // Frames with a check or unpacking go the long way.
        guard Int(memo.input) == index, Int(memo.count) == length, at >= memo.from, at < memo.until,
            !shape.pointee.mask.isEmpty, shape.pointee.check == nil, shape.pointee.unpack == nil
        else { return (0, 1) }
        let relevant = (memo.isThin ? shape.pointee.thinMaskWord : shape.pointee.maskWord) & all
        let bytes = memory._withUnsafeGuaranteedRef { UnsafeRawPointer($0.memoBytes) }
        return (relevant, UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) & relevant)
    }

    private mutating func cutMarked(
        _ marker: Framing.Marker, _ bytes: Frame, _ stream: inout Decoder.Stream, _ index: Int, _ program: Program,
        _ decoder: inout Decoder, _ decoded: inout Decoded
    ) -> Int {
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
            let packet = part(bytes, start, start + length)
            guard accepts(marker, packet, &stream) else {
                start += 1
                stream.group.removeAll(keepingCapacity: true)
                continue
            }
            start += length
            (stream.isLost, stream.hasToldEnd, stream.hasToldSum) = (false, false, false)
            if let group = marker.group {
                gather(packet, group, &stream, index, program, &decoder, &decoded)
            } else {
                decode(packet, index, program, &decoder, &decoded)
            }
        }
        return start
    }

    /// Whether a packet is what its marker promises. All that is wrong with it is counted, each once per stretch: most
    /// places that look like a start are none.
    private mutating func accepts(
        _ marker: Framing.Marker, _ packet: Frame, _ stream: inout Decoder.Stream
    ) -> Bool {
        var isRight = true
        if let check = marker.check, !check.holds(in: packet) {
            isRight = false
            if !stream.hasToldSum { count(.checksum) }
            stream.hasToldSum = true
        }
        if !marker.end.isEmpty, !marker.end.contains(packet[packet.count - 1]) {
            isRight = false
            if !stream.hasToldEnd { count(.noEnd) }
            stream.hasToldEnd = true
        }
        if marker.rest.mask != 0, !packet.dropFirst().allSatisfy(marker.rest.allows) { isRight = false }
        if marker.second.mask != 0, packet.count < 2 || !marker.second.allows(packet[1]) { isRight = false }
        if !isRight { lose(&stream) }
        return isRight
    }

    private mutating func gather(
        _ packet: Frame, _ group: Framing.Group, _ stream: inout Decoder.Stream, _ index: Int, _ program: Program,
        _ decoder: inout Decoder, _ decoded: inout Decoded
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
            var whole = stream.group
            stream.group = []
            whole.withUnsafeBufferPointer { decode($0, index, program, &decoder, &decoded) }
            whole.removeAll(keepingCapacity: true)
            stream.group = whole
        }
    }
}
