extension MatrixProfileStream {
    /// All that is remembered, as numbers: a stream made of it goes on with the same bits as this one.
    ///
    /// Count, first value, held value, equal, whole, next to renew; the kept part of each column; covariances.
    public var state: [Double] {
        let kept = Swift.max(0, end - history)..<end
        let head = [Double(count), base, held, Double(equal), Double(whole), Double(renewed)]
        let columns = [x, f, g, means, inverses, kinds.map { Double($0.rawValue) }]
        return head + columns.flatMap { $0[kept] } + covariance
    }

    /// - Parameter state: Of a stream with the same window, history and apart.
    /// - Returns: nil for numbers that are no state of such a stream.
    public init?(window: Int, history: Int, apart: Int? = nil, state: [Double]) {
        self.init(window: window, history: history, apart: apart)
        let head = 6
        guard state.count >= head, let count = Int(exactly: state[0]), count >= 0 else { return nil }
        let kept = Swift.min(count, history)
        guard state.count == head + 6 * kept + covariance.count,
            let equal = Int(exactly: state[3]), let whole = Int(exactly: state[4]),
            let renewed = Int(exactly: state[5]), covariance.indices.contains(renewed),
            0...count ~= equal, equal...count ~= whole, state[2].isFinite
        else { return nil }
        self.count = count
        base = state[1]
        held = state[2]
        self.equal = equal
        self.whole = whole
        self.renewed = renewed
        end = kept
        for i in 0..<kept {
            x[i] = state[head + i]
            f[i] = state[head + kept + i]
            g[i] = state[head + 2 * kept + i]
            means[i] = state[head + 3 * kept + i]
            inverses[i] = state[head + 4 * kept + i]
            guard let code = UInt8(exactly: state[head + 5 * kept + i]), let kind = ShapeWindows.Kind(rawValue: code)
            else { return nil }
            kinds[i] = kind
        }
        covariance = Array(state[(head + 6 * kept)...])
    }
}
