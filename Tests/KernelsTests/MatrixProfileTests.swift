import Kernels
import Testing

@Suite("Matrix profile: what repeats and what does not")
struct MatrixProfileTests {
    /// A wave with noise, and a stretch that is like nothing else.
    static func series(_ count: Int, seed: UInt64, level: Double = 70) -> [Double] {
        var numbers = Numbers(seed: seed)
        return (0..<count).map { i in
            let wave = Double((i * 7) % 24 - 12)
            return level + wave * wave / 10 + Double.random(in: -1...1, using: &numbers)
        }
    }

    static func compare(_ x: [Double], window: Int, apart: Int? = nil, _ what: String) {
        let ours = MatrixProfile(x.span, window: window, apart: apart)
        let twin = MatrixProfile.scalar(x.span, window: window, apart: apart)
        #expect(ours.neighbours.count == twin.count, "\(what)")
        for (i, (a, b)) in zip(ours.neighbours, twin).enumerated() {
            #expect(near(a.distance, b.distance, 1e-9), "\(what), window \(i): \(a) and \(b)")
            // Of equally near neighbours either may be named: it must be as far as it says.
            #expect((a.start == nil) == (b.start == nil), "\(what), window \(i): \(a) and \(b)")
            guard let start = a.start else { continue }
            #expect(abs(start - i) >= ours.apart, "\(what), window \(i)")
            #expect(
                near(ShapeDistance.between(x.span, i, start, window: window), a.distance, 1e-7), "\(what) \(i): \(a)")
        }
    }

    @Test("the profile equals its twin for every length and many windows")
    func twin() {
        for count in Array(0..<40) + [97, 150, 257] {
            for window in [2, 3, 8, 24] where window <= Swift.max(2, count) {
                Self.compare(Self.series(count, seed: UInt64(count + 1)), window: window, "\(count) values, \(window)")
            }
        }
    }

    @Test("the profile is that of stumpy 1.14.1, flat stretches and a hole included")
    func stumpy() {
        var x = (0..<48).map { i -> Double in Double((i * i * 7) % 31 + i % 9) }
        for i in 12..<18 { x[i] = 20 }
        for i in 36..<42 { x[i] = 5 }
        x[30] = .nan
        let expected: [Double] = [
            0.0, 1.001632471, 1.580843401, 0.843291845, 1.307239246, 1.580843401, 0.627013414, 0.857872021, 0.61578553,
            1.001632471, 1.364145724, 1.401810527, 0.0, 0.0, 1.750580674, 1.588076543, 1.898922363, 0.61578553,
            1.24848248, 0.987208291, 0.594660715, 0.599667642, 1.056416694, 1.287038285, 1.266299904, 0.914018856, .nan,
            .nan, .nan, .nan, .nan, 0.0, 0.594660715, 0.599667642, 1.78741923, 1.694601913, 0.0, 0.0, 1.177738067,
            1.595998175, 1.945123129, 0.843291845, 0.914018856, 1.287038285,
        ]
        let starts = [
            31, 9, 5, 41, 42, 2, 0, 32, 17, 1, 17, 18, 36, 36, 20, 21, 32, 8, 9, 6, 32, 33, 42, 43, 41, 42, -1, -1, -1,
            -1,
            -1, 0, 20, 21, 7, 5, 13, 13, 22, 43, 10, 3, 25, 23,
        ]
        let ours = MatrixProfile(x.span, window: 5).neighbours
        #expect(ours.count == expected.count)
        for (i, neighbour) in ours.enumerated() {
            #expect(near(neighbour.distance, expected[i], 1e-8), "window \(i): \(neighbour)")
            // Of two flat windows equally near stumpy takes another.
            #expect(neighbour.distance == 0 || neighbour.start ?? -1 == starts[i], "window \(i): \(neighbour)")
        }
    }

    @Test("blocks of rows and whole bundles of diagonals change nothing")
    func blocks() {
        var x = Self.series(2500, seed: 77)
        // The last row of a block has its neighbour after it.
        x.replaceSubrange(2300..<2350, with: Array(x[2047..<2097]))
        let profile = MatrixProfile(x.span, window: 50)
        for i in Array(stride(from: 0, to: profile.neighbours.count, by: 97)) + [2046, 2047, 2048] {
            var nearest = Double.infinity
            for j in profile.neighbours.indices where abs(i - j) >= profile.apart {
                nearest = Swift.min(nearest, ShapeDistance.between(x.span, i, j, window: 50))
            }
            #expect(near(profile.neighbours[i].distance, nearest, 1e-7), "window \(i)")
        }
    }

    @Test("holes and infinities break the windows over them and no others")
    func holes() {
        for hole in [Double.nan, .infinity, -.infinity, 1e200, -.greatestFiniteMagnitude] {
            var x = Self.series(150, seed: 3)
            x[70] = hole
            x[0] = hole
            Self.compare(x, window: 8, "\(hole)")
            let profile = MatrixProfile(x.span, window: 8)
            let broken = profile.neighbours.indices.filter { profile.neighbours[$0].start == nil }
            #expect(broken == [0] + Array(63...70))
            var stream = MatrixProfileStream(window: 8, history: 150)
            let streamed = x.map { stream.append($0) }.dropFirst(7)
            for (a, b) in zip(streamed, profile.before) { #expect(near(a.distance, b.distance, 1e-9), "\(hole)") }
        }
        #expect(MatrixProfile([Double](repeating: .nan, count: 50).span, window: 8).discord == nil)
    }

    @Test("windows that do not vary are near each other, and √m from those that do")
    func constants() {
        var x = Self.series(160, seed: 6)
        for i in 40..<60 { x[i] = 70 }
        for i in 100..<115 { x[i] = 90 }
        Self.compare(x, window: 8, "flat stretches")
        let profile = MatrixProfile(x.span, window: 8)
        #expect(profile.neighbours[45].distance == 0)
        let flat = MatrixProfile([Double](repeating: 70, count: 60).span, window: 8)
        #expect(flat.neighbours.allSatisfy { $0.distance == 0 })
        for i in 100..<115 { x[i] = 91 + Double(i % 3) }
        for i in 44..<60 { x[i] = 72 + Double(i % 5) }
        x[39] = 70
        for i in 36..<44 { x[i] = 70 }
        Self.compare(x, window: 8, "one flat window")
        #expect(near(MatrixProfile(x.span, window: 8).neighbours[36].distance, 8.0.squareRoot()))
        for i in 152..<160 { x[i] = 1 }
        Self.compare(x, window: 8, "one at the end")
        let ramp = (0..<30).map { Double($0 * $0) } + [Double](repeating: 9, count: 8)
        Self.compare(ramp, window: 8, apart: 22, "at the end and far")
    }

    @Test("the stretch that is like nothing else is the discord")
    func discord() throws {
        var x = (0..<500).map { Double(($0 * 5) % 25) }
        for i in 300..<312 { x[i] = 12 + Double((i * i) % 7) }
        let found = try #require(MatrixProfile(x.span, window: 25).discord)
        #expect((276...312).contains(found.start), "\(found)")
        // What repeats exactly is no distance away, not nearly none.
        #expect(MatrixProfile(x.span, window: 25).neighbours[20].distance < 1e-12)
    }

    @Test("level and size do not count, time turned round is the profile turned round")
    func invariance() {
        let x = Self.series(260, seed: 9)
        let profile = MatrixProfile(x.span, window: 12)
        let moved = x.map { 1e4 + 3 * $0 }
        let turned = Array(x.reversed())
        let other = MatrixProfile(moved.span, window: 12), backward = MatrixProfile(turned.span, window: 12)
        for (i, one) in profile.neighbours.enumerated() {
            #expect(near(one.distance, other.neighbours[i].distance, 1e-6))
            #expect(near(one.distance, backward.neighbours[profile.neighbours.count - 1 - i].distance, 1e-7))
        }
    }

    @Test("numbers as large and as small as they get make no trap")
    func extremes() {
        for scale in [Double.leastNonzeroMagnitude, 1e-160, 1e150, 1e300] {
            let x = Self.series(90, seed: 2, level: 0).map { $0 * scale }
            let profile = MatrixProfile(x.span, window: 6)
            #expect(profile.neighbours.count == 85)
            #expect(profile.neighbours.allSatisfy { $0.distance.isNaN || $0.distance >= 0 })
        }
        let x = [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude, 1, 2, 3, 1, 2, 4, 1, 2, 3, 5]
        #expect(MatrixProfile(x.span, window: 3).neighbours.count == 10)
    }

    @Test("a huge value blurs only the windows near it")
    func spike() {
        var x = Self.series(5000, seed: 12)
        x[300] = 1e7
        let profile = MatrixProfile(x.span, window: 40)
        // Its own block is blurred by what rounding leaves of it; the next starts from clean covariances.
        for i in stride(from: 2100, to: 4900, by: 97) {
            var nearest = Double.infinity
            for j in 2048..<profile.neighbours.count where abs(i - j) >= profile.apart {
                nearest = Swift.min(nearest, ShapeDistance.between(x.span, i, j, window: 40))
            }
            #expect(profile.neighbours[i].distance <= nearest + 1e-6, "window \(i)")
        }
    }
}

@Suite("A matrix profile that grows")
struct MatrixProfileStreamTests {
    @Test("a stream tells of each new window what the whole profile tells of those before it")
    func stream() {
        var x = MatrixProfileTests.series(400, seed: 4)
        x[123] = .nan
        for i in 200..<260 { x[i] = 75 }
        for window in [2, 7, 24] {
            let profile = MatrixProfile(x.span, window: window)
            var stream = MatrixProfileStream(window: window, history: x.count)
            for (i, value) in x.enumerated() {
                let newest = stream.append(value)
                let expected = i >= window - 1 ? profile.before[i - window + 1] : .none
                #expect(near(newest.distance, expected.distance, 1e-7), "\(window) \(i): \(newest) and \(expected)")
                let past = ShapeNeighbour.ofNewest(Array(x[...i]).span, window: window)
                #expect(
                    i < window - 1 || near(newest.distance, past.distance, 1e-7),
                    "\(window) \(i): \(newest) and \(past)")
            }
        }
    }

    @Test("the newest window of a short series has no neighbour, and strides keep to the time of day")
    func newest() {
        let x = MatrixProfileTests.series(24 * 9, seed: 40)
        #expect(ShapeNeighbour.ofNewest([Double]().span, window: 5).start == nil)
        #expect(ShapeNeighbour.ofNewest(Array(x[..<30]).span, window: 24).start == nil)
        let found = ShapeNeighbour.ofNewest(x.span, window: 24, stride: 24)
        #expect(found.start.map { $0 % 24 } == 0)
        var nearest = Double.infinity
        for day in 0..<8 { nearest = Swift.min(nearest, ShapeDistance.between(x.span, day * 24, 8 * 24, window: 24)) }
        #expect(found.distance == nearest)
    }

    @Test(
        "what was forgotten is no neighbour, and what is kept has the distances of the definition, for as long as it runs"
    )
    func forgetting() {
        var x = MatrixProfileTests.series(900, seed: 17)
        let history = 60, window = 12
        for i in [200...230, 244...260] { x.replaceSubrange(i, with: i.map { _ in 70 }) }
        // What these leave in covariances by rounding must go with them.
        for i in stride(from: 400, to: 470, by: 3) { x[i] *= 1e7 }
        let spiked = 400...(470 + 2 * history)
        var stream = MatrixProfileStream(window: window, history: history)
        for (i, value) in x.enumerated() {
            let newest = stream.append(value)
            guard i >= 40, !spiked.contains(i) else { continue }
            let kept = Array(x[Swift.max(0, i + 1 - history)...i])
            let expected = ShapeNeighbour.ofNewest(kept.span, window: window)
            #expect(near(newest.distance, expected.distance, 1e-7), "\(i): \(newest) and \(expected)")
            #expect(newest.start.map { $0 >= i + 1 - history && $0 <= i + 1 - window - stream.apart } == true)
        }
    }

    @Test("interrupted anywhere, a stream goes on with the same bits")
    func interrupted() throws {
        var x = MatrixProfileTests.series(260, seed: 23)
        x[31] = .nan
        for i in 90..<110 { x[i] = 70 }
        let history = 60, window = 9
        var whole = MatrixProfileStream(window: window, history: history)
        for cut in 0..<x.count {
            var resumed = try #require(
                MatrixProfileStream(window: window, history: history, state: whole.state), "\(cut)")
            var onward = whole
            for i in cut..<Swift.min(cut + 70, x.count) {
                let a = onward.append(x[i]), b = resumed.append(x[i])
                #expect(a.start == b.start && a.distance.bitPattern == b.distance.bitPattern, "\(cut) \(i): \(a) \(b)")
            }
            _ = whole.append(x[cut])
        }
    }

    @Test("numbers that are no state of such a stream are refused")
    func wrongState() {
        var stream = MatrixProfileStream(window: 4, history: 20)
        for value in MatrixProfileTests.series(30, seed: 1) { _ = stream.append(value) }
        let state = stream.state
        #expect(MatrixProfileStream(window: 4, history: 20, state: state) != nil)
        #expect(MatrixProfileStream(window: 4, history: 21, state: state) == nil)
        for count in 0..<state.count {
            #expect(MatrixProfileStream(window: 4, history: 20, state: Array(state[..<count])) == nil)
        }
        var beyond = state
        beyond[5] = 16
        #expect(MatrixProfileStream(window: 4, history: 20, state: beyond) == nil)
        for place in [0, 3, 4, 5, 6 + 5 * 20] {
            for wrong in [Double.nan, -1, 0.5] {
                var state = state
                state[place] = wrong
                #expect(MatrixProfileStream(window: 4, history: 20, state: state) == nil, "\(place) \(wrong)")
            }
        }
    }
}
