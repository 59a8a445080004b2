import Hub
import Simulator
import Vitals

/// Many people whose sensors tell once a second, spread over the second.
final class LiveCrowd {
    /// Different lives; with more people they repeat.
    private static let lives = 16
    /// Longer than the longest window of the shipped rules.
    private static let warmUp = 3600
    /// Simulated seconds of one piece of work.
    private static let piece = 60

    let household: BenchHousehold
    /// The seconds of each life.
    private let seconds: [[SyntheticPerson.Second]]
    /// Strap notifications, beside `seconds`.
    private let notifications: [[[UInt8]]]
    /// Seconds lived so far.
    private var second = 0

    init(_ household: BenchHousehold) {
        self.household = household
        seconds = (0..<LiveCrowd.lives).map { BenchDay.seconds(LiveCrowd.warmUp, seed: UInt64($0 + 1)) }
        notifications = seconds.map { $0.map { BenchDay.heartRateMeasurement($0, beats: false) } }
    }

    func liveSamples(in pipeline: Pipeline) -> Lap {
        live(in: pipeline) { person, at in
            let now = seconds[person % LiveCrowd.lives][second % LiveCrowd.warmUp]
            let rate = Sample(
                metric: .heartRate, value: Float(now.heartRate.rounded()), time: at, received: at,
                source: household.sensors[person])
            pipeline.take([rate], of: household.people[person])
            guard second % 60 == 59 else { return }
            let before = seconds[person % LiveCrowd.lives][second % LiveCrowd.warmUp - 59]
            let steps = Sample(
                metric: .steps, value: Float(now.steps - before.steps), time: at, span: 60_000, received: at,
                source: household.watches[person])
            pipeline.take([steps], of: household.people[person])
        }
    }

    func liveFrames(in pipeline: Pipeline) -> Lap {
        live(in: pipeline) { person, at in
            let place = second % LiveCrowd.warmUp
            let life = person % LiveCrowd.lives
            let bytes = notifications[life][place]
            pipeline.take(Input(at: at, .frame(device: household.sensors[person], input: "hrm", bytes: bytes)))
            guard second % 60 == 59 else { return }
            // Each round of the same hour goes on from the total of the one before.
            let total =
                seconds[life][place].steps
                + second / LiveCrowd.warmUp * (seconds[life].last?.steps ?? 0)
            pipeline.take(Input(at: at, BenchDay.total(total, of: household.watches[person])))
        }
    }

    /// Lives a minute; before the first one the hour that fills every window.
    private func live(in pipeline: Pipeline, _ tell: (Int, Timestamp) -> Void) -> Lap {
        if second == 0 { _ = run(LiveCrowd.warmUp, in: pipeline, tell) }
        return Lap.timing { run(LiveCrowd.piece, in: pipeline, tell) }
    }

    private func run(_ count: Int, in pipeline: Pipeline, _ tell: (Int, Timestamp) -> Void) -> Double {
        for _ in 0..<count {
            let start = BenchHousehold.start + .seconds(Int64(second))
            for person in household.people.indices {
                tell(person, start + .milliseconds(Int64(person * 1000 / household.people.count)))
            }
            _ = pipeline.takeCommit()
            second += 1
        }
        return Double(count)
    }
}
