import JSON5
import Simulator
import Vitals

extension StoreBench {
    /// What peers are given of the house: an hour.
    private static let peersSeconds = 3600

    /// The figures, and each again beside every peer that told the same of itself.
    func besidePeers(_ figures: [Figure]) throws -> [Figure] {
        guard let command = setting.peers else { return figures }
        let folder = try BenchFolder(in: setting.folder)
        try writeInputs(folder)
        let peers = try PeerFigures(running: command, in: folder.path, progress: setting.progress)
        return figures.flatMap { figure in
            let beside = peers.of(figure.name, figure.unit).map { peer in
                var figure = figure
                figure.peer = peer
                return figure
            }
            return beside.isEmpty ? [figure] : beside
        }
    }

    /// An hour of the house, second by second, and a day of one series; all values are whole and below 256.
    private func writeInputs(_ folder: BenchFolder) throws {
        setting.progress("writing what peers are given")
        let people = 1000
        let stream = BenchSamples.Stream(people: people, seconds: Self.peersSeconds)
        var house: [UInt8] = []
        house.reserveCapacity(stream.samplesPerCommit * Self.peersSeconds)
        for second in 0..<Self.peersSeconds {
            for batch in stream.commit(second).samples {
                for sample in batch.samples { house.append(Self.byte(sample)) }
            }
        }
        try folder.write("house.u8", house[...])
        let life = BenchDay.seconds(86_400)
        let day = life.indices.map {
            Self.byte(BenchSamples.sample(.heartRate, life, $0, DeviceID(derivedFrom: "sensor")))
        }
        try folder.write("day.u8", day[...])
        var shape = JSONWriter()
        shape.object {
            $0.member("people", people)
            $0.member("metrics", Self.houseMetrics.count)
            $0.member("seconds", Self.peersSeconds)
            $0.member("start", Int(BenchHousehold.start.milliseconds))
        }
        try folder.write("shape.json", shape)
    }

    private static func byte(_ sample: Sample) -> UInt8 { UInt8(max(0, min(255, sample.value))) }
}
