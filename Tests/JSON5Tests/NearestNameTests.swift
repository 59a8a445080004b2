import JSON5
import Testing

@Suite("The nearest name") struct NearestNameTests {
    static let metrics = ["heart_rate", "rr_interval", "steps", "spo2", "resting_heart_rate"]

    @Test(
        "a misspelt name finds what was meant",
        arguments: [
            ("heartrate", "heart_rate"), ("heart_raet", "heart_rate"), ("heartRate", "heart_rate"), ("step", "steps"),
            ("setps", "steps"), ("sp02", "spo2"), ("resting_hart_rate", "resting_heart_rate"), ("steps", "steps"),
        ])
    func findsTheName(name: String, meant: String) {
        #expect(nearest(name, in: Self.metrics) == meant)
        #expect(didYouMean(name, in: Self.metrics) == "did you mean '\(meant)'?")
    }

    @Test(
        "nothing is suggested when nothing is near",
        arguments: ["", "weight", "spXX", String(repeating: "a", count: 99)])
    func findsNothing(name: String) {
        #expect(nearest(name, in: Self.metrics) == nil)
    }

    @Test("the nearest wins, and of equals the first")
    func prefersTheNearest() {
        #expect(nearest("abcdef", in: ["abcxyf", "abcdxf", "xbcdef"]) == "abcdxf")
        #expect(nearest("", in: [""]) == nil)
        #expect(nearest("a", in: []) == nil)
    }
}
