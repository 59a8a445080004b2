import Hub
import Profiles
import Vitals

/// Bytes to readings: the profiles' decoder against one written by hand for each format.
struct DecodeBench {
    let setting: BenchSetting

    /// Seconds of strap notifications: small enough to stay in the cache, as frames just received are.
    private static let strapSeconds = 7200
    private static let oximeterSeconds = 600
    /// How many reads are fed at once: their readings stay in the cache, too.
    private static let batch = 128
    /// What issue and design ask of one core.
    private static let strapBudget = 10e6
    private static let oximeterBudget = 100.0

    func figures() throws -> [Figure] {
        let strap = BenchDay.seconds(Self.strapSeconds).map { second in
            (at: second.end, bytes: BenchDay.heartRateMeasurement(second, beats: true))
        }
        let frames = Double(strap.count)
        let oximeter = BenchDay.oximeterReads(Self.oximeterSeconds)
        let bytes = Double(oximeter.reduce(0) { $0 + $1.bytes.count })
        return try compare(
            "decode.strap", .chestStrap, "hrm", StrapByHand(), strap, amount: frames, allocationsPer: ("frame", frames),
            unit: "frames/s", scale: 1, budget: Self.strapBudget)
            + compare(
                "decode.oximeter", .oximeter, "port", OximeterByHand(), oximeter, amount: bytes,
                allocationsPer: ("frame", bytes / 5), unit: "MB/s", scale: 1e-6, budget: Self.oximeterBudget)
    }

    /// Many reads at once, as from a recording, and each by itself, as the hub gets them.
    private func compare(
        _ name: String, _ sensor: BenchHousehold.Sensor, _ input: String, _ byHand: some DecoderByHand,
        _ reads: [(at: Timestamp, bytes: [UInt8])], amount: Double, allocationsPer: (String, Double), unit: String,
        scale: Double, budget: Double
    ) throws -> [Figure] {
        let library = ProfileLibrary(files: setting.profiles)
        guard let profile = library[sensor.rawValue] else {
            throw CommandError.failed(
                "no profile '\(sensor.rawValue)' to measure with", hint: "--profiles DIR names it")
        }
        let batches = stride(from: 0, to: reads.count, by: Self.batch).map { start in
            Batch(reads[start..<min(start + Self.batch, reads.count)])
        }
        try agree(profile, input, byHand, batches)
        try agreeSingly(profile, input, byHand, reads)
        let laps = try setting.run([
            .init(name: name) { decode(profile, input, batches, amount) },
            .init(name: "\(name) by hand") { decode(byHand, batches, amount) },
            .init(name: "\(name)_single") { decodeSingly(profile, input, reads, amount) },
            .init(name: "\(name)_single by hand") { decodeSingly(byHand, reads, amount) },
        ])
        func rates(_ laps: [Lap]) -> [Double] { laps.map { $0.rate * scale } }
        func per(_ laps: [Lap]) -> [Lap] {
            laps.map { lap in
                var lap = lap
                lap.amount *= allocationsPer.1 / amount
                return lap
            }
        }
        return [(name, 0), ("\(name)_single", 2)].flatMap { name, place in
            [
                Figure(
                    name, rates(laps[place]), unit, peer: ("by hand", rates(laps[place + 1])), budget: budget)
            ] + setting.allocations(name, per(laps[place]), allocationsPer.0, peer: ("by hand", per(laps[place + 1])))
        }
    }

    /// Batch after batch, each with what came of the one before forgotten.
    private func decode(_ profile: Profile, _ input: String, _ batches: [Batch], _ amount: Double) -> Lap {
        var decoder = Decoder(profile)
        var decoded = Decoded()
        return Lap.timing {
            var count = 0
            for index in batches.indices {
                decoded.removeAll()
                decoder.feed(batches[index], input: input, into: &decoded)
                count += decoded.readings.count + decoded.statuses.count
            }
            // So that the outcome is needed.
            return count > 0 ? amount : 0
        }
    }

    private func decodeSingly(
        _ profile: Profile, _ input: String, _ reads: [(at: Timestamp, bytes: [UInt8])], _ amount: Double
    ) -> Lap {
        var decoder = Decoder(profile)
        var decoded = Decoded()
        return Lap.timing {
            var count = 0
            for index in reads.indices {
                decoded.removeAll()
                decoder.feed(reads[index].bytes, input: input, at: reads[index].at, into: &decoded)
                count += decoded.readings.count + decoded.statuses.count
            }
            return count > 0 ? amount : 0
        }
    }

    private func decode(_ byHand: some DecoderByHand, _ batches: [Batch], _ amount: Double) -> Lap {
        var decoder = byHand
        var decoded = Decoded()
        return Lap.timing {
            var count = 0
            for index in batches.indices {
                decoded.removeAll()
                batches[index].decode(with: &decoder, into: &decoded)
                count += decoded.readings.count + decoded.statuses.count
            }
            return count > 0 ? amount : 0
        }
    }

    private func decodeSingly(
        _ byHand: some DecoderByHand, _ reads: [(at: Timestamp, bytes: [UInt8])], _ amount: Double
    ) -> Lap {
        var decoder = byHand
        var decoded = Decoded()
        return Lap.timing {
            var count = 0
            for index in reads.indices {
                decoded.removeAll()
                decoder.take(reads[index].bytes, at: reads[index].at, into: &decoded)
                count += decoded.readings.count + decoded.statuses.count
            }
            return count > 0 ? amount : 0
        }
    }

    /// A peer that does less work is no peer: both must say the same of every read.
    private func agree(
        _ profile: Profile, _ input: String, _ byHand: some DecoderByHand, _ batches: [Batch]
    ) throws {
        var decoder = Decoder(profile)
        var peer = byHand
        for batch in batches {
            var ours = Decoded()
            var theirs = Decoded()
            decoder.feed(batch, input: input, into: &ours)
            batch.decode(with: &peer, into: &theirs)
            try compare(ours, theirs, profile, batch.bytes, batch.times.first)
        }
    }

    private func agreeSingly(
        _ profile: Profile, _ input: String, _ byHand: some DecoderByHand, _ reads: [(at: Timestamp, bytes: [UInt8])]
    ) throws {
        var decoder = Decoder(profile)
        var peer = byHand
        for read in reads {
            var ours = Decoded()
            var theirs = Decoded()
            decoder.feed(read.bytes, input: input, at: read.at, into: &ours)
            peer.take(read.bytes, at: read.at, into: &theirs)
            try compare(ours, theirs, profile, read.bytes, read.at)
        }
    }

    private func compare(
        _ ours: Decoded, _ theirs: Decoded, _ profile: Profile, _ bytes: [UInt8], _ at: Timestamp?
    ) throws {
        guard ours.readings == theirs.readings, ours.statuses == theirs.statuses, ours.marks == theirs.marks else {
            throw CommandError.failed(
                "\(profile.id) and its decoder by hand disagree about \(bytes) from \(at, default: "no time") on: "
                    + "\(ours.readings) \(ours.statuses), \(theirs.readings) \(theirs.statuses)")
        }
    }
}

/// Reads one after another in one buffer.
struct Batch {
    var bytes: [UInt8] = []
    var ends: [Int] = []
    var times: [Timestamp] = []

    init(_ reads: some Sequence<(at: Timestamp, bytes: [UInt8])>) {
        for read in reads {
            bytes += read.bytes
            ends.append(bytes.count)
            times.append(read.at)
        }
    }

    /// What `Decoder.feed` does with a batch, with a decoder written for its format: readings and statuses go to memory
    /// that was asked for beforehand.
    func decode(with decoder: inout some DecoderByHand, into decoded: inout Decoded) {
        decoded.marks.append(addingCapacity: ends.count) { marks in
            decoded.readings.append(addingCapacity: bytes.count) { readings in
                bytes.withUnsafeBufferPointer { bytes in
                    var start = 0
                    for place in ends.indices {
                        decoder.take(
                            UnsafeBufferPointer(rebasing: bytes[start..<ends[place]]), at: times[place].milliseconds,
                            &readings, &decoded.statuses)
                        marks.append(Decoded.Mark(readings: readings.count, statuses: decoded.statuses.count))
                        start = ends[place]
                    }
                }
            }
        }
    }
}

extension DecoderByHand {
    /// What `Decoder.feed` does with one read.
    fileprivate mutating func take(_ bytes: [UInt8], at: Timestamp, into decoded: inout Decoded) {
        bytes.withUnsafeBufferPointer { bytes in
            decoded.readings.append(addingCapacity: bytes.count) { readings in
                take(bytes, at: at.milliseconds, &readings, &decoded.statuses)
            }
        }
    }
}

extension Decoder {
    fileprivate mutating func feed(_ batch: Batch, input: String, into decoded: inout Decoded) {
        feed(batch.bytes.span, ends: batch.ends.span, times: batch.times.span, input: input, into: &decoded)
    }
}
