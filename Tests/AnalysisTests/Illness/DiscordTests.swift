import Testing
import Vitals

@testable import Analysis

@Suite("How unlike every earlier day a day was")
struct DiscordTests {
    static let wave: [Float] = [
        55, 56, 57, 54, 55, 56, 53, 54, 55, 60, 61, 62, 75, 76, 77, 80, 81, 82, 78, 79, 80, 62, 63, 64,
    ]

    @Test("the same shape is 0 apart at any level and size, its mirror √96, no shape at all √24")
    func distance() {
        #expect(Discord.distance(Self.wave, Self.wave) < 1e-6)
        #expect(Discord.distance(Self.wave, Self.wave.map { 2 * $0 - 30 }) < 1e-5)
        #expect(abs(Discord.distance(Self.wave, Self.wave.map { 150 - $0 }) - 96.0.squareRoot()) < 1e-6)
        let flat = [Float](repeating: 60, count: 24)
        #expect(Discord.distance(flat, flat) == 0)
        #expect(Discord.distance(flat, Self.wave) == 24.0.squareRoot())
        #expect(Discord.distance(Self.wave, flat) == 24.0.squareRoot())
    }

    @Test("hours that one lacks are left out; twelve in common are needed")
    func gaps() {
        var holed = Self.wave
        for i in 0..<6 { holed[i] = .nan }
        #expect(Discord.distance(Self.wave, holed) < 1e-6)
        var other = Self.wave
        for i in 6..<12 { other[i] = .nan }
        #expect(Discord.distance(other, holed) < 1e-6)
        other[12] = .nan
        #expect(Discord.distance(other, holed).isNaN)
        #expect(Discord.distance([Float](repeating: .nan, count: 24), Self.wave).isNaN)
        #expect(Discord.distance([], []).isNaN)
    }

    /// Days of one heart rate every three minutes that follow a wave; on `odd` it is shifted by half a day.
    static func days(_ days: Range<Int64>, odd: Int64, from start: Timestamp = monday) -> [Happening] {
        var list: [Happening] = []
        for day in days {
            var random = Random(UInt64(day))
            for n in Int64(0)..<480 {
                let hour = (Int(n) / 20 + (day == odd ? 12 : 0)) % 24
                let time = start + (day * 86_400 + n * 180)
                let value: Float = Self.wave[hour] + Float(Int.random(in: -3...3, using: &random))
                list.append(
                    .sample(Sample(metric: .heartRate, value: value, time: time, received: time, source: watch)))
            }
        }
        return list
    }

    static func run(_ happenings: [Happening], cuts: Bool = false) throws -> [Sample] {
        var driver = try Driver(AnalysisSettings(), from: monday)
        driver.isSparse = true
        var random = Random(7)
        for one in happenings {
            driver.take(one)
            if cuts, Int.random(in: 0..<300, using: &random) == 0 { try driver.interrupt() }
        }
        driver.run(until: (happenings.last?.at ?? monday) + 86_400)
        return driver.stored.filter { $0.metric == .discord }
    }

    @Test("a day turned round stands out; one value a day, within it, after two weeks")
    func standsOut() throws {
        let found = try Self.run(Self.days(0..<18, odd: 16))
        #expect(found.map { ($0.time.milliseconds - monday.milliseconds) / 86_400_000 } == [14, 15, 16, 17])
        for (i, sample) in found.enumerated() { #expect(i == 2 ? sample.value > 5 : sample.value < 1, "\(sample)") }
    }

    @Test("interrupted anywhere it goes on bit for bit; days with too few hours say nothing")
    func interrupted() throws {
        let happenings = Self.days(0..<17, odd: 15).filter {
            // The last day ends in the afternoon.
            $0.at < monday + (16 * 86_400 + 17 * 3600)
        }
        let whole = try Self.run(happenings)
        #expect(whole.count == 2)
        #expect(try Self.run(happenings, cuts: true) == whole)
    }
}
