import Hub
import Simulator
import Vitals

/// Samples to store, as the hub commits them.
enum BenchSamples {
    /// Bytes of time, received, value, span, metric and quality, in the fewest bytes a row needs them in.
    static let rowSize = 24

    /// Commits of `seconds` of data at 1 Hz, one after another in time.
    static func commits(people: Int, metrics: [Metric], seconds: Int, count: Int) -> [Commit] {
        let ids = (0..<people).map { PersonID(derivedFrom: "person-\($0)") }
        let sources = (0..<people).map { DeviceID(derivedFrom: "sensor-\($0)") }
        // A few lives are enough: what is stored of one does not depend on another.
        let lives = (0..<min(people, 8)).map { BenchDay.seconds(seconds * count, seed: UInt64($0 + 1)) }
        return (0..<count).map { number in
            let range = number * seconds..<(number + 1) * seconds
            var commit = Commit(at: BenchHousehold.start + .seconds(Int64(range.upperBound)))
            commit.samples = (0..<people).map { person in
                let life = lives[person % lives.count]
                var samples: [Sample] = []
                samples.reserveCapacity(seconds * metrics.count)
                for second in range {
                    for metric in metrics {
                        samples.append(sample(metric, life, second, sources[person]))
                    }
                }
                return PersonSamples(person: ids[person], samples: samples)
            }
            return commit
        }
    }

    static func count(_ commits: [Commit]) -> Int {
        commits.reduce(0) { $0 + $1.samples.reduce(0) { $0 + $1.samples.count } }
    }

    static func sample(
        _ metric: Metric, _ life: [SyntheticPerson.Second], _ number: Int, _ source: DeviceID
    ) -> Sample {
        let second = life[number]
        let value: Float
        switch metric {
        case .steps: value = Float(second.steps - (number > 0 ? life[number - 1].steps : 0))
        case .spo2: value = Float(second.oxygenSaturation.rounded())
        default: value = Float(second.heartRate.rounded())
        }
        return Sample(
            metric: metric, value: value, time: second.end, span: metric == .steps ? 1000 : 0, received: second.end,
            source: source)
    }
}
