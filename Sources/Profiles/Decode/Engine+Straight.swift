import Vitals

extension Engine {
    /// Decodes a frame that its first byte makes a straight-line message; `false`, with nothing done, when it is none.
    @inline(__always) mutating func decodeStraight(
        _ frame: Frame, _ index: Int, _ program: Program, _ decoded: inout Decoded
    ) -> Bool {
        guard takesShortcuts, let first = frame.first, let message = straightMessage(index, first) else { return false }
        let straight = code.straights + Int(message.pointee.straight)
        guard let repeats = repeats(straight, frame) else { return false }
        // Whatever is remembered of an earlier frame, this one may have changed what is due.
        memo.input = -1
        if message.pointee.diagnostic >= 0 { count(Int(message.pointee.diagnostic)) }
        if !isTold(message) { tell(message, program, &decoded) }
        // Memory is asked for once, so that a reading costs no more than its bytes.
        decoded.readings.append(addingCapacity: most(straight, repeats)) { readings in
            readings.withUnsafeMutableBufferPointer { buffer, count in
                guard let first = buffer.baseAddress else { return }
                let place = first + count
                var end = place
                emit(straight, frame, repeats, &end)
                count += end - place
            }
        }
        decoded.frames += 1
        return true
    }

    /// The message that an input's frames with this first byte are, if it is straight.
    @inline(__always) mutating func straightMessage(_ index: Int, _ first: UInt8) -> UnsafePointer<Message>? {
        let leading = code.shapes[index].leading
        guard leading >= 0 else { return nil }
        var message = code.messages + Int(leading)
        if message.pointee.variants >= 0 {
            message = code.messages + Int(code.variants[Int(message.pointee.variants) + Int(first)])
        }
        return message.pointee.straight >= 0 ? message : nil
    }

    /// How many values the repeated field has; `nil` for a frame that is too short or too long for straight lines.
    @inline(__always) mutating func repeats(_ straight: UnsafePointer<Straight>, _ frame: Frame) -> Int? {
        guard frame.count >= Int(straight.pointee.least) else { return nil }
        guard straight.pointee.repeatsAt >= 0 else { return 0 }
        let bytes = frame.count - Int(straight.pointee.repeatsAt)
        // Dividing is the slowest thing a processor does with integers.
        let repeats =
            straight.pointee.repeatSize == 2 ? bytes >> 1 : bytes / Int(straight.pointee.repeatSize)
        return repeats <= min(straight.pointee.mostRepeats, itemLimit) ? repeats : nil
    }

    /// How many readings a frame gives at most.
    @inline(__always) mutating func most(_ straight: UnsafePointer<Straight>, _ repeats: Int) -> Int {
        let singles = Int(straight.pointee.singles)
        return singles + repeats * (straight.pointee.steps.indices.count - singles)
    }

    /// Writes a frame's readings to where `end` points, and moves it behind them. There is memory for `most`.
    @inline(__always) mutating func emit(
        _ straight: UnsafePointer<Straight>, _ frame: Frame, _ repeats: Int, _ end: inout UnsafeMutablePointer<Reading>
    ) {
        let (repeatsAt, repeatSize) = (Int(straight.pointee.repeatsAt), Int(straight.pointee.repeatSize))
        if repeatsAt >= 0, repeatsAt + repeats * repeatSize != frame.count { count(.trailing) }
        for index in straight.pointee.steps.indices {
            let step = code.steps + index
            let count = step.pointee.isRepeated ? repeats : 1
            if step.pointee.isSuppressed {
                suppress(step, frame, count)
            } else if !step.pointee.isPlain {
                emit(step, frame, count, &end)
            } else if step.pointee.size == 1 {
                emitPlain(step, frame, count, &end) { Double($0.load(as: UInt8.self)) }
            } else {
                emitPlain(step, frame, count, &end) { Double(UInt16(littleEndian: $0.loadUnaligned(as: UInt16.self))) }
            }
        }
    }

    /// Whether everything the message says about the sensor has been told lately.
    @inline(__always) private mutating func isTold(_ message: UnsafePointer<Message>) -> Bool {
        guard isTimed else { return message.pointee.statuses.isEmpty }
        for index in message.pointee.statuses.indices {
            let status = code.statuses + index
            let last = told + Int(status.pointee.memory)
            let passed = at &- last.pointee.at
            guard last.pointee.value == status.pointee.value, passed >= 0,
                passed < Decoder.statusRefresh.milliseconds
            else { return false }
        }
        return true
    }

    /// The common case, with nothing in the loop that could be outside it.
    @inline(__always) private mutating func emitPlain(
        _ step: UnsafePointer<Straight.Step>, _ frame: Frame, _ most: Int, _ end: inout UnsafeMutablePointer<Reading>,
        _ read: (UnsafeRawPointer) -> Double
    ) {
        guard let base = frame.baseAddress else { return }
        var place = UnsafeRawPointer(base) + Int(step.pointee.at)
        let (metric, size, factor) = (step.pointee.metric, Int(step.pointee.size), step.pointee.factor)
        // NaN, for none, equals nothing.
        let null = step.pointee.null
        let first = end
        if step.pointee.isBeat {
            let expected = UInt16(truncatingIfNeeded: most)
            for _ in 0..<most {
                let raw = read(place)
                place += size
                if raw == null { continue }
                let index = UInt16(truncatingIfNeeded: end - first)
                end.initialize(
                    to: Reading(metric: metric, value: raw * factor, time: .beat(index: index, count: expected)))
                end += 1
            }
        } else {
            for _ in 0..<most {
                let raw = read(place)
                place += size
                if raw == null { continue }
                end.initialize(to: Reading(metric: metric, value: raw * factor))
                end += 1
            }
        }
        finish(step, first, end, most)
    }

    /// Remembers when the metric was told, and tells beats how many they are when some of them were none.
    @inline(__always) private mutating func finish(
        _ step: UnsafePointer<Straight.Step>, _ first: UnsafeMutablePointer<Reading>,
        _ end: UnsafeMutablePointer<Reading>, _ most: Int
    ) {
        let count = end - first
        guard count > 0 else { return }
        if step.pointee.thinMemory >= 0 { thinned[Int(step.pointee.thinMemory)] = at }
        guard step.pointee.isBeat, count != most else { return }
        for index in 0..<count {
            first[index].time = .beat(
                index: UInt16(truncatingIfNeeded: index), count: UInt16(truncatingIfNeeded: count))
        }
    }

    @inline(__always) private mutating func emit(
        _ step: UnsafePointer<Straight.Step>, _ frame: Frame, _ most: Int, _ end: inout UnsafeMutablePointer<Reading>
    ) {
        let counter = step.pointee.counter >= 0 ? code.counters[Int(step.pointee.counter)] : nil
        let expected = UInt16(truncatingIfNeeded: most)
        let first = end
        var place = Int(step.pointee.at)
        for _ in 0..<most {
            if let value = present(step, frame, place), let value = accepted(value, step) {
                let index = UInt16(truncatingIfNeeded: end - first)
                end.initialize(
                    to: Reading(
                        metric: step.pointee.metric, value: value,
                        time: step.pointee.isBeat ? .beat(index: index, count: expected) : .arrival, counter: counter))
                end += 1
            }
            place &+= Int(step.pointee.size)
        }
        finish(step, first, end, most)
    }

    /// Counts a value that the sensor itself says does not count.
    private mutating func suppress(_ step: UnsafePointer<Straight.Step>, _ frame: Frame, _ most: Int) {
        var place = Int(step.pointee.at)
        for _ in 0..<most {
            if present(step, frame, place) != nil {
                count(.suppressed)
                return
            }
            place &+= Int(step.pointee.size)
        }
    }

    /// The scaled value at a place in the frame; `nil` for one that means "no value".
    @inline(__always) private mutating func present(_ step: UnsafePointer<Straight.Step>, _ frame: Frame, _ place: Int)
        -> Double?
    {
        let raw: Double
        if step.pointee.size == 1, !step.pointee.isSigned {
            raw = Double(frame[place])
        } else {
            raw = Double(
                Self.integer(frame, place, Int(step.pointee.size), step.pointee.isBigEndian, step.pointee.isSigned))
        }
        if step.pointee.nulls > 0 {
            if raw == step.pointee.null { return nil }
            if step.pointee.nulls > 1, isNull(raw, code.fields + Int(step.pointee.field)) { return nil }
        }
        switch step.pointee.scaling {
        case .none: return raw
        case .product: return raw * step.pointee.numerator
        case .ratio: return raw * step.pointee.numerator / step.pointee.denominator
        }
    }

    /// The value as the metric wants it; `nil`, which is counted, where it cannot be.
    @inline(__always) private mutating func accepted(_ value: Double, _ step: UnsafePointer<Straight.Step>) -> Double? {
        guard step.pointee.isNumber else { return accepted(value, code.emissions + Int(step.pointee.emission)) }
        if value >= step.pointee.low, value <= step.pointee.high { return value }
        count(.outOfRange)
        return nil
    }
}
