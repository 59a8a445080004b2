import Testing

@testable import vitald

@Suite struct FigureTests {
    @Test("a figure is the median of its repetitions, whatever their order")
    func median() {
        #expect(Figure.median([3, 1, 2]) == 2)
        #expect(Figure.median([4, 1, 3, 2]) == 2.5)
        #expect(Figure.median([7]) == 7)
        #expect(Figure.median([]).isNaN)
    }

    @Test("the ratio is the figure's share of the peer's")
    func ratio() {
        let figure = Figure("decode.strap", [50, 40, 60], "frames/s", peer: ("by hand", [100, 300, 200]))
        #expect(figure.value == 50 && figure.low == 40 && figure.high == 60)
        #expect(figure.ratio == 0.25)
        #expect(Figure("a", [1], "s").ratio == nil)
    }

    @Test("numbers keep three digits, from millionths to billions, in tables and for programs")
    func digits() {
        func shown(_ value: Double, _ format: RowFormat) -> String {
            let cell = Figure("a", [value], "s").cells(as: format)[1]
            return format == .table ? cell.shown(decimals: 0) : cell.csv
        }
        #expect(shown(1_234_567, .table) == "1.23 M")
        #expect(shown(234_567, .table) == "235 k")
        #expect(shown(1_234, .table) == "1234")
        #expect(shown(12.345, .table) == "12.3")
        #expect(shown(0.012_345, .table) == "0.012")
        #expect(shown(1_234_567, .csv) == "1234567")
        #expect(shown(12.345, .csv) == "12.3")
        #expect(shown(0.000_012_345, .csv) == "1.23e-05")
    }

    @Test("each piece of work is repeated at least five times, in turn")
    func repetitions() throws {
        var order: [String] = []
        func entry(_ name: String) -> Contest.Entry {
            Contest.Entry(name: name) {
                order.append(name)
                return Lap(amount: 2, wall: 1, cpu: 0.5)
            }
        }
        let laps = try Contest.run([entry("a"), entry("b")], .init(seconds: 1)) { _ in }
        #expect(laps.map(\.count) == [5, 5])
        // The first of each is the warm-up.
        #expect(order == Array(repeating: ["a", "b"], count: 6).flatMap { $0 })
        #expect(laps[0][0].rate == 4 && laps[0][0].wallRate == 2 && laps[0][0].cost == 0.25)
    }

    @Test("an unknown area names the known ones")
    func area() {
        let result = Workspace.run(["bench", "stor"])
        #expect(result.code == 2 && result.log.contains("store"))
    }
}
