extension Zone {
    /// Reads the bytes of a TZif file, version 1 to 4 (RFC 8536, RFC 9636). Trusts nothing: counts, order, offsets and
    /// the footer are checked before use.
    ///
    /// - Throws: `ZoneError` with code `.damaged`, naming what is wrong. Files that count leap seconds (`right/…`) are
    ///   refused, because a `Timestamp` does not.
    init(name: String, tzif bytes: [UInt8]) throws(ZoneError) {
        var reader = TZifReader(name: name, bytes: bytes)
        var header = try reader.header()
        if header.version == 0 {
            let (transitions, offsets) = try reader.block(header, timeSize: 4)
            self.init(table: Table(name: name, transitions: transitions, offsets: offsets, rule: nil))
            return
        }
        try reader.skip(header.blockSize(timeSize: 4))
        header = try reader.header()
        let (transitions, offsets) = try reader.block(header, timeSize: 8)
        let footer = try reader.footer()
        var rule: ZoneRule?
        if !footer.isEmpty {
            rule = ZoneRule(footer)
            if rule == nil { throw reader.damaged("the TZ string of its footer is malformed") }
        }
        self.init(table: Table(name: name, transitions: transitions, offsets: offsets, rule: rule))
    }
}

private struct TZifHeader {
    var version: UInt8
    var utIndicators: Int
    var standardIndicators: Int
    var leaps: Int
    var times: Int
    var types: Int
    var characters: Int

    func blockSize(timeSize: Int) -> Int {
        times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standardIndicators + utIndicators
    }
}

private struct TZifReader {
    let name: String
    let bytes: [UInt8]
    private var offset = 0

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    func damaged(_ what: String) -> ZoneError {
        ZoneError(
            .damaged, name: name,
            "the time-zone file of \(name) cannot be used: \(what); reinstall the tzdata package")
    }

    mutating func skip(_ count: Int) throws(ZoneError) {
        guard count >= 0, count <= bytes.count - offset else { throw damaged("it ends too early") }
        offset += count
    }

    /// A big-endian two's complement number of 1, 4 or 8 bytes.
    private mutating func number(_ size: Int) throws(ZoneError) -> Int64 {
        let start = offset
        try skip(size)
        var value: UInt64 = 0
        for byte in bytes[start..<offset] { value = value << 8 | UInt64(byte) }
        let unused = 64 - 8 * size
        return Int64(bitPattern: value << unused) >> unused
    }

    private mutating func count(upTo limit: Int64) throws(ZoneError) -> Int {
        let value = try number(4)
        guard (0...limit).contains(value) else { throw damaged("a count of \(value) is out of range") }
        return Int(value)
    }

    mutating func header() throws(ZoneError) -> TZifHeader {
        let start = offset
        try skip(20)
        guard bytes[start..<start + 4].elementsEqual("TZif".utf8) else { throw damaged("it is not a TZif file") }
        let version = bytes[start + 4]
        // No zone comes near these limits; 65 536 keeps every product small.
        let utIndicators = try count(upTo: 256)
        let standardIndicators = try count(upTo: 256)
        let leaps = try count(upTo: 65_536)
        let times = try count(upTo: 65_536)
        let types = try count(upTo: 256)
        let characters = try count(upTo: 65_536)
        guard types > 0 else { throw damaged("it lists no local time") }
        return TZifHeader(
            version: version, utIndicators: utIndicators, standardIndicators: standardIndicators, leaps: leaps,
            times: times, types: types, characters: characters)
    }

    /// Transitions and offsets, in milliseconds, ready for `Zone.Table`.
    mutating func block(_ header: TZifHeader, timeSize: Int) throws(ZoneError) -> ([Int64], [Int64]) {
        guard header.leaps == 0 else { throw damaged("it counts leap seconds") }
        let end = offset + header.blockSize(timeSize: timeSize)
        guard end <= bytes.count else { throw damaged("it ends too early") }

        var times: [Int64] = []
        times.reserveCapacity(header.times)
        for _ in 0..<header.times {
            let time = try number(timeSize)
            if let last = times.last, last >= time { throw damaged("its transitions are not in order") }
            times.append(time)
        }
        var types: [Int] = []
        types.reserveCapacity(header.times)
        for _ in 0..<header.times {
            let type = Int(UInt8(truncatingIfNeeded: try number(1)))
            guard type < header.types else { throw damaged("a transition leads to no local time") }
            types.append(type)
        }
        var typeOffsets: [Int64] = []
        for _ in 0..<header.types {
            let seconds = try number(4)
            try skip(2)
            guard (-89_999...93_599).contains(seconds) else { throw damaged("an offset of \(seconds) s is too large") }
            typeOffsets.append(seconds * 1000)
        }
        offset = end

        var transitions: [Int64] = []
        var offsets = [typeOffsets[0]]
        for (time, type) in zip(times, types) {
            // Moments before all of history (tools write −2^59) open the first stretch.
            guard time > -Timestamp.distantFuture.milliseconds / 1000 else {
                offsets = [typeOffsets[type]]
                continue
            }
            guard time < Timestamp.distantFuture.milliseconds / 1000 else { break }
            transitions.append(time * 1000)
            offsets.append(typeOffsets[type])
        }
        return (transitions, offsets)
    }

    /// What stands between two line ends after the second block.
    mutating func footer() throws(ZoneError) -> ArraySlice<UInt8> {
        let start = offset
        try skip(1)
        guard bytes[start] == 0x0A, let end = bytes[offset...].firstIndex(of: 0x0A) else {
            throw damaged("its footer is missing")
        }
        return bytes[offset..<end]
    }
}
