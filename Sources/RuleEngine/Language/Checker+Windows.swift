import Vitals

extension Checker {
    /// Window functions computed by this version, in the order of the design.
    static let windowFunctions = WindowFunction.allCases.filter(WindowFunction.available.contains).map(\.rawValue)

    /// Decisions are made on panes of this length (DESIGN §2).
    static let pane = TimeSpan.seconds(5)
    /// Panes are 5 s up to this window, 1 min up to a day and 1 h beyond (DESIGN §7): a window is made of whole panes.
    static let longestFineWindow = TimeSpan.hours(1)
    static let longestMinuteWindow = TimeSpan.days(1)
    /// A year and the month before it.
    static let longestWindow = TimeSpan.days(400)
    static let longestSilence = TimeSpan.days(400)
    static let longestBaseline: Int64 = 400

    mutating func window(
        _ function: WindowFunction, _ nameRange: Range<Int>, _ arguments: [Syntax], _ range: Range<Int>
    ) throws(Fault) -> Term {
        let name = function.rawValue
        guard WindowFunction.available.contains(function) else {
            throw Fault(
                .unsupported, at: nameRange.lowerBound, "'\(name)' is reserved and not available yet",
                hint: "available: \(Self.windowFunctions.joined(separator: ", "))")
        }
        try expectCount(arguments, function == .quantile || function == .ewma ? 3 : 2, name, range)
        let metric = try metric(arguments[0], of: name)
        try expectSense(function, of: metric, at: nameRange.lowerBound)
        let span = try duration(arguments[1], "the window of \(name)")
        try expectWindow(span, function, metric, at: arguments[1].range.lowerBound)
        let parameter =
            switch function {
            case .quantile: try share(arguments[2])
            case .ewma: try halfLife(arguments[2], within: span)
            default: 0.0
            }
        let slot = table.slot(of: .window(function, metric, span, parameter: parameter))
        let unit = unit(of: function, metric)
        switch function {
        // These say how much there is, or look at one sample: they need no full window.
        case .count, .coverage, .first, .last: return feature(slot, .number, unit, range)
        default:
            let coverage = table.slot(of: .window(.coverage, metric, span, parameter: 0))
            let share = fullness.share(metric, span)
            return Term(
                operation: .window(slot, coverage: coverage, share: share), type: .number, unit: unit, range: range)
        }
    }

    private func share(_ syntax: Syntax) throws(Fault) -> Double {
        guard case .number(let share, _) = syntax, 0...1 ~= share else {
            throw Fault(
                .invalidValue, at: syntax.range.lowerBound, "the share of quantile is a number from 0 to 1",
                hint: "0.9 for the 90th percentile")
        }
        return share
    }

    /// Seconds after which a sample weighs half.
    private func halfLife(_ syntax: Syntax, within window: TimeSpan) throws(Fault) -> Double {
        let span = try duration(syntax, "the half-life of ewma")
        guard span >= Self.pane, span <= window else {
            throw Fault(
                .invalidValue, at: syntax.range.lowerBound,
                "the half-life of ewma lies between \(Self.pane) and its window, \(window)",
                hint: "a fifth of the window forgets what is before it")
        }
        return Double(span.milliseconds) / 1000
    }

    /// Refuses what would be a number without meaning.
    private func expectSense(_ function: WindowFunction, of metric: Metric, at offset: Int) throws(Fault) {
        let name = metric.name
        if function.readsBeats, metric.kind != .beat {
            throw Fault(
                .type, at: offset, "\(function.rawValue) is of the intervals between heartbeats, and \(name) is not",
                hint: "use \(function.rawValue)(rr_interval, 5m)")
        }
        switch (metric.kind, function) {
        case (_, .count), (_, .coverage): return
        case (.increment, .sum), (.increment, .rate): return
        case (.increment, _):
            throw Fault(
                .type, at: offset,
                "\(function.rawValue) of \(name) would depend on how the device cuts an amount into spans",
                hint: "use sum(\(name), 10m)")
        case (.state, .first), (.state, .last), (.state, .min), (.state, .max): return
        case (.state, _):
            throw Fault(
                .type, at: offset, "\(function.rawValue) of \(name) means nothing: its values are codes of states",
                hint: metric.labels.first.map { "compare it: \(name) == \($0), or use min, max, first, last" })
        case (.gauge, .sum), (.beat, .sum):
            throw Fault(
                .type, at: offset, "sum adds amounts, and \(name) is a level", hint: "use mean(\(name), 10m)")
        case (.gauge, .rate), (.beat, .rate), (.daily, .rate):
            throw Fault(
                .type, at: offset, "rate is of amounts, and \(name) is a level", hint: "use slope(\(name), 10m)")
        case (.gauge, _), (.beat, _), (.daily, _): return
        }
    }

    private func expectWindow(
        _ span: TimeSpan, _ function: WindowFunction, _ metric: Metric, at offset: Int
    ) throws(Fault) {
        let shortest = metric.kind == .daily ? TimeSpan.days(1) : Self.pane
        guard span >= shortest else {
            throw Fault(
                .invalidValue, at: offset,
                metric.kind == .daily
                    ? "\(metric.name) has one value a day: the shortest window is 1d" : "the shortest window is 5s")
        }
        if let longest = function.longestWindow, span > longest {
            throw Fault(
                .invalidValue, at: offset,
                longest < WindowFunction.longestSampleWindow
                    ? "\(function.rawValue) compares every beat with every other: the longest window is \(longest)"
                    : "\(function.rawValue) reads the samples themselves, which are kept for \(longest)",
                hint: function.readsBeats ? nil : "mean, min and max allow longer windows")
        }
        guard span <= Self.longestWindow else {
            throw Fault(.invalidValue, at: offset, "the longest window is \(Self.longestWindow)")
        }
        let grain: TimeSpan =
            span <= Self.longestFineWindow
            ? Self.pane : span <= Self.longestMinuteWindow ? .minutes(1) : .hours(1)
        guard span.milliseconds % grain.milliseconds == 0 else {
            throw Fault(
                .invalidValue, at: offset, "a window of \(span) is not made of whole panes",
                hint: "windows up to 1h are multiples of 5s, up to 1d of 1m, beyond of 1h")
        }
    }

    private func unit(of function: WindowFunction, _ metric: Metric) -> String? {
        switch function {
        case .mean, .std, .min, .max, .sum, .first, .last, .delta, .median, .quantile, .mad, .ewma, .rmssd, .sdnn,
            .sd1, .sd2:
            unit(of: metric)
        case .rate: unit(of: metric).map { $0 == "1" ? "/min" : "\($0)/min" }
        case .lf, .hf: "ms2"
        default: nil
        }
    }
}
