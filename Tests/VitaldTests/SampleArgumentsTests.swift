import Testing
import Vitals

@testable import vitald

@Suite struct SampleArgumentsTests {
    private func sample(_ metric: Metric, _ value: Float, at seconds: Int64) -> Sample {
        let time = Timestamp(milliseconds: seconds * 1000)
        return Sample(metric: metric, value: value, time: time, received: time, source: DeviceID(high: 1, low: 1))
    }

    @Test("files merge by time and metric, and the first file's value stays")
    func merge() {
        var dropped = 0
        let merged = SampleArguments.merge(
            [sample(.heartRate, 1, at: 1), sample(.heartRate, 2, at: 3), sample(.steps, 3, at: 3)],
            [sample(.heartRate, 4, at: 0), sample(.heartRate, 5, at: 3), sample(.heartRate, 6, at: 9)],
            dropped: &dropped)
        #expect(merged.map(\.value) == [4, 1, 2, 3, 6])
        #expect(dropped == 1)
    }

    @Test("a source is named after the first file, without its endings")
    func stems() {
        #expect(SampleArguments.stem(of: "data/ada_hr.csv.gz") == "ada_hr")
        #expect(SampleArguments.stem(of: "night.txt") == "night")
        #expect(SampleArguments.stem(of: ".csv") == ".csv")
    }
}
