import Hub
import Profiles
import Vitals

/// Bytes to readings: the profiles' decoder against one written by hand for each format.
struct DecodeBench {
    let setting: BenchSetting

    /// Seconds of strap notifications: small enough to stay in the cache, as frames just received are.
    private static let strapSeconds = 7200
    private static let oximeterSeconds = 600

    func figures() throws -> [Figure] { try strap() + oximeter() }

    /// A piece of bytes and when it arrived.
    private typealias Read = (at: Timestamp, bytes: [UInt8])

    private func strap() throws -> [Figure] {
        let frames = BenchDay.seconds(Self.strapSeconds).map { second in
            Read(second.end, BenchDay.heartRateMeasurement(second, beats: true))
        }
        let profile = try profile(.chestStrap)
        try compare(profile, "hrm", StrapByHand(), frames)
        let laps = try setting.run([
            .init(name: "decode.strap") { decode(profile, "hrm", frames, amount: Double(frames.count)) },
            .init(name: "strap by hand") { decode(StrapByHand(), frames, amount: Double(frames.count)) },
        ])
        return [
            Figure("decode.strap", laps[0].map(\.rate), "frames/s", peer: ("by hand", laps[1].map(\.rate)))
        ] + setting.allocations("decode.strap", laps[0], "frame", peer: ("by hand", laps[1]))
    }

    private func oximeter() throws -> [Figure] {
        let reads = BenchDay.oximeterReads(Self.oximeterSeconds)
        let bytes = Double(reads.reduce(0) { $0 + $1.bytes.count })
        let profile = try profile(.oximeter)
        try compare(profile, "port", OximeterByHand(), reads)
        let laps = try setting.run([
            .init(name: "decode.oximeter") { decode(profile, "port", reads, amount: bytes / 5) },
            .init(name: "oximeter by hand") { decode(OximeterByHand(), reads, amount: bytes / 5) },
        ])
        func megabytes(_ laps: [Lap]) -> [Double] { laps.map { $0.rate * 5 / 1e6 } }
        return [
            Figure("decode.oximeter", megabytes(laps[0]), "MB/s", peer: ("by hand", megabytes(laps[1])))
        ] + setting.allocations("decode.oximeter", laps[0], "frame", peer: ("by hand", laps[1]))
    }

    private func profile(_ sensor: BenchHousehold.Sensor) throws -> Profile {
        let library = ProfileLibrary(files: setting.profiles)
        guard let profile = library[sensor.rawValue] else {
            throw CommandError.failed(
                "no profile '\(sensor.rawValue)' to measure with", hint: "--profiles DIR names it")
        }
        return profile
    }

    /// Reads one after another, each with what came of the one before forgotten, as the hub does.
    private func decode(_ profile: Profile, _ input: String, _ reads: [Read], amount: Double) -> Lap {
        var decoder = Decoder(profile)
        var decoded = Decoded()
        return Lap.timing {
            var count = 0
            for read in reads {
                decoded.removeAll()
                decoder.feed(read.bytes, input: input, at: read.at, into: &decoded)
                count += decoded.readings.count + decoded.statuses.count
            }
            // So that the outcome is needed.
            return count > 0 ? amount : 0
        }
    }

    private func decode(_ byHand: some DecoderByHand, _ reads: [Read], amount: Double) -> Lap {
        var decoder = byHand
        var decoded = Decoded()
        return Lap.timing {
            var count = 0
            for read in reads {
                decoded.removeAll()
                decoder.feed(read.bytes, at: read.at, into: &decoded)
                count += decoded.readings.count + decoded.statuses.count
            }
            // So that the outcome is needed.
            return count > 0 ? amount : 0
        }
    }

    /// A peer that does less work is no peer: both must say the same of every read.
    private func compare(
        _ profile: Profile, _ input: String, _ byHand: some DecoderByHand, _ reads: [Read]
    ) throws {
        var decoder = Decoder(profile)
        var peer = byHand
        for read in reads {
            var ours = Decoded()
            var theirs = Decoded()
            decoder.feed(read.bytes, input: input, at: read.at, into: &ours)
            peer.feed(read.bytes, at: read.at, into: &theirs)
            guard ours.readings == theirs.readings, ours.statuses == theirs.statuses else {
                throw CommandError.failed(
                    "\(profile.id) and its decoder by hand disagree about \(read.bytes) at \(read.at): "
                        + "\(ours.readings) \(ours.statuses), \(theirs.readings) \(theirs.statuses)")
            }
        }
    }
}
