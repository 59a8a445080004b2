import CKernels

extension MatrixProfile {
    /// Rows after which covariances are computed anew: what a huge value leaves in them by rounding goes with it, and
    /// one block's columns stay in the cache.
    static let block = 2048

    /// All cells of the upper triangle of the distance matrix, diagonal by diagonal in bundles of lanes.
    struct Join {
        private let window: Int
        private let count: Int
        private let windows: ShapeWindows
        // As `vk_profile` says.
        private var f: [Double]
        private var g: [Double]
        private var inverses: [Double]
        private(set) var left: [Double]
        private(set) var right: [Double]
        private(set) var leftAt: [Int64]
        private(set) var rightAt: [Int64]

        init(_ windows: ShapeWindows, window m: Int) {
            self.windows = windows
            window = m
            count = windows.kinds.count
            let lanes = Int(vk_profile_lanes)
            let padded = count + lanes
            f = [Double](repeating: 0, count: padded)
            g = f
            let x = windows.x, means = windows.means
            for i in 1..<Swift.max(1, count) {
                f[i] = 0.5 * (x[i + m - 1] - x[i - 1])
                g[i] = (x[i + m - 1] - means[i]) + (x[i - 1] - means[i - 1])
            }
            inverses = windows.inverses + [Double](repeating: .nan, count: lanes)
            left = [Double](repeating: Self.nothing, count: padded)
            right = left
            leftAt = [Int64](repeating: -1, count: padded)
            rightAt = leftAt
        }

        /// Below every correlation.
        private static let nothing = -2.0

        mutating func run(apart: Int) {
            guard apart < count else { return }
            let lanes = Int(vk_profile_lanes), count = count, m = window
            let x = windows.x + [Double](repeating: 0, count: lanes)
            let means = windows.means
            let block = Swift.max(MatrixProfile.block, 8 * m)
            var centred = [Double](repeating: 0, count: m)
            var covariance = [Double](repeating: 0, count: lanes)
            x.withUnsafeBufferPointer { x in
                withParts { parts in
                    guard let x = x.baseAddress else { return }
                    var first = 0
                    while first < count - apart {
                        for t in 0..<m { centred[t] = x[first + t] - means[first] }
                        var lag = apart
                        while first + lag < count {
                            vk_profile_start(centred, x, Int64(first + lag), Int64(m), &covariance)
                            let end = Swift.min(first + block, count - lag)
                            vk_profile_rows(parts, &covariance, Int64(lag), Int64(first), Int64(end))
                            lag += lanes
                        }
                        first += block
                    }
                }
            }
        }

        private mutating func withParts(_ body: (vk_profile) -> Void) {
            f.withUnsafeBufferPointer { f in
                g.withUnsafeBufferPointer { g in
                    inverses.withUnsafeBufferPointer { inverses in
                        left.withUnsafeMutableBufferPointer { left in
                            right.withUnsafeMutableBufferPointer { right in
                                leftAt.withUnsafeMutableBufferPointer { leftAt in
                                    rightAt.withUnsafeMutableBufferPointer { rightAt in
                                        body(
                                            vk_profile(
                                                f: f.baseAddress, g: g.baseAddress, inverse: inverses.baseAddress,
                                                left: left.baseAddress, right: right.baseAddress,
                                                left_at: leftAt.baseAddress, right_at: rightAt.baseAddress))
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
