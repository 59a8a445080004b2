import JSON5
import Vitals

/// One line of a benchmark: what was measured in several repetitions, beside a peer of the same run.
struct Figure: Sendable {
    struct Peer: Sendable {
        var name: String
        /// In the figure's unit.
        var value: Double
    }

    var name: String
    /// The median of the repetitions.
    var value: Double
    var low: Double
    var high: Double
    var unit: String
    var peer: Peer?
    /// What the design asks for, in the figure's unit.
    var budget: Double?
    /// What the machine's memory would allow, in the figure's unit: its read bandwidth over the bytes a unit moves.
    var limit: Double?

    init(
        _ name: String, _ values: [Double], _ unit: String, peer: (name: String, values: [Double])? = nil,
        budget: Double? = nil
    ) {
        self.name = name
        self.unit = unit
        self.budget = budget
        value = Figure.median(values)
        low = values.min() ?? .nan
        high = values.max() ?? .nan
        self.peer = peer.map { Peer(name: $0.name, value: Figure.median($0.values)) }
    }

    /// The figure as a share of the peer's.
    var ratio: Double? { peer.map { value / $0.value } }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.last else { return .nan }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted.count == 1 ? last : sorted[middle]
    }
}

extension Figure {
    static let columns: [RowWriter.Column] = [
        .init("name"), .init("value", isNumber: true), .init("low", isNumber: true), .init("high", isNumber: true),
        .init("unit"), .init("peer"), .init("peer_value", isNumber: true), .init("ratio", isNumber: true),
        .init("budget", isNumber: true), .init("limit", isNumber: true),
    ]

    func cells(as format: RowFormat) -> [Cell] {
        func cell(_ number: Double?) -> Cell {
            guard let number, number.isFinite else { return .missing }
            return format == .table || format == .markdown
                ? .text(Figure.text(number)) : .number(Figure.rounded(number))
        }
        return [
            .text(name), cell(value), cell(low), cell(high), .text(unit), peer.map { .text($0.name) } ?? .missing,
            cell(peer?.value), cell(ratio), cell(budget), cell(limit),
        ]
    }

    /// Reads what another process wrote as a JSON line; `nil` for anything else. Peers are not read.
    init?(line: String) {
        guard let it = try? JSONDocument.parse(line, file: "figure").reader, let name = try? it.string("name"),
            let unit = try? it.string("unit"), let value = try? it.number("value")
        else { return nil }
        let bounds = ["low", "high"].map { (try? it.number($0)) ?? value }
        self.init(name, [bounds[0], value, bounds[1]], unit, budget: try? it.number("budget"))
    }

    /// To three significant digits: what a second repetition bears out.
    private static func rounded(_ number: Double) -> Double {
        var scale = 1.0
        while number.magnitude * scale < 100, scale < 1e9 { scale *= 10 }
        return (number * scale).rounded() / scale
    }

    /// `1.25 M`, `310 k`, `0.042`.
    private static func text(_ number: Double) -> String {
        switch number.magnitude {
        case 1e9...: "\(digits(number / 1e9)) G"
        case 1e6...: "\(digits(number / 1e6)) M"
        case 1e4...: "\(digits(number / 1e3)) k"
        default: digits(number)
        }
    }

    private static func digits(_ number: Double) -> String {
        switch number.magnitude {
        case 100...: Decimal.text(number, decimals: 0)
        case 10...: Decimal.text(number, decimals: 1)
        case 1...: Decimal.text(number, decimals: 2)
        case 0.01...: Decimal.text(number, decimals: 3)
        case 0: "0"
        default: "\(rounded(number))"
        }
    }
}
