/// Windows without a shape, which correlations do not tell of: the nearest constant and the nearest varied one before
/// and after each window.
struct NearestKinds {
    private let kinds: [ShapeWindows.Kind]
    private let apart: Int
    private let distance: Double
    /// By kind, the last window of that kind up to each, and the first from each on; −1 and `count` for none.
    private var last: [ShapeWindows.Kind: [Int]] = [:]
    private var next: [ShapeWindows.Kind: [Int]] = [:]

    /// O(n), and hardly anything for a series in which everything varies.
    init(_ kinds: [ShapeWindows.Kind], apart: Int, window: Int) {
        self.kinds = kinds
        self.apart = apart
        distance = ShapeDistance.ofConstant(window: window)
        guard kinds.contains(.constant) else { return }
        for kind in [ShapeWindows.Kind.constant, .varied] {
            var place = -1
            last[kind] = kinds.indices.map { i in
                if kinds[i] == kind { place = i }
                return place
            }
            place = kinds.count
            next[kind] = Array(
                kinds.indices.reversed().map { i in
                    if kinds[i] == kind { place = i }
                    return place
                }.reversed())
        }
    }

    /// The nearer of `found`, the best by correlation, and a window without a shape.
    func nearer(of found: ShapeNeighbour, before i: Int) -> ShapeNeighbour {
        guard let constants = last[.constant], let varied = last[.varied], i >= apart else { return found }
        return nearer(of: found, i, constant: constants[i - apart], varied: varied[i - apart])
    }

    func nearer(of found: ShapeNeighbour, after i: Int) -> ShapeNeighbour {
        guard let constants = next[.constant], let varied = next[.varied], i + apart < kinds.count else {
            return found
        }
        return nearer(of: found, i, constant: constants[i + apart], varied: varied[i + apart])
    }

    private func nearer(of found: ShapeNeighbour, _ i: Int, constant: Int, varied: Int) -> ShapeNeighbour {
        switch kinds[i] {
        case .broken: return .none
        case .constant:
            if kinds.indices.contains(constant) { return ShapeNeighbour(distance: 0, start: constant) }
            return kinds.indices.contains(varied) ? ShapeNeighbour(distance: distance, start: varied) : .none
        case .varied:
            guard kinds.indices.contains(constant), found.start == nil || distance < found.distance else {
                return found
            }
            return ShapeNeighbour(distance: distance, start: constant)
        }
    }
}
