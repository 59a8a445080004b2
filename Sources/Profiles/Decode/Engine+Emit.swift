import Vitals

extension Engine {
    /// Makes the readings of a decoded message.
    mutating func emit(
        _ message: UnsafePointer<Message>, _ program: Program, _ decoder: inout Decoder,
        _ decoded: inout Decoded
    ) {
        for index in message.pointee.emissions.indices {
            let emission = code.emissions + index
            if !emission.pointee.dropAll.isEmpty, holdsAny(emission.pointee.dropAll) {
                count(.invalid)
                return
            }
            let slot = slots + Int(emission.pointee.slot)
            if slot.pointee.count == 0 || (slot.pointee.count < 0 && slot.pointee.number.isNaN) {
                // Another value in its place would be suppressed, and counted, or held back only while `thin` holds the
                // metric back.
                if isThin, holdsAny(emission.pointee.unless) || !isHeldBack(emission) { isThin = false }
                continue
            }
            if !emission.pointee.unless.isEmpty, holdsAny(emission.pointee.unless) {
                count(.suppressed)
                isThin = false
                continue
            }
            if !emission.pointee.condition.isEmpty, !holds(emission.pointee.condition) { continue }
            if emission.pointee.onChange >= 0, !hasChanged(emission) { continue }
            if isHeldBack(emission) { continue }
            isThin = false
            if isTimed, emission.pointee.dedupe > 0, repeats(emission, slot.pointee.number) { continue }
            if emit(emission, slot, program, &decoder, &decoded) {
                isQuiet = false
                if emission.pointee.thinMemory >= 0 { thinned[Int(emission.pointee.thinMemory)] = at }
            }
        }
    }

    /// Whether `thin` lets no reading of the metric pass yet.
    private mutating func isHeldBack(_ emission: UnsafePointer<Emission>) -> Bool {
        guard emission.pointee.thin > 0, isTimed else { return false }
        let last = thinned[Int(emission.pointee.thinMemory)]
        let passed = at &- last
        guard last != .min, passed >= 0, passed < emission.pointee.thin else { return false }
        due = min(due, last &+ emission.pointee.thin)
        return true
    }

    /// Whether the watched field says something else than when this was asked last.
    private mutating func hasChanged(_ emission: UnsafePointer<Emission>) -> Bool {
        let slot = slots[Int(emission.pointee.onChange)]
        var digest = slot.number.isNaN ? Workspace.nothing : slot.number.bitPattern
        if slot.count >= 0 {
            // FNV-1a over the values.
            digest = 0xCBF2_9CE4_8422_2325
            for index in 0..<slot.count {
                digest = (digest ^ items[Int(slot.start + index)].bitPattern) &* 0x100_0000_01B3
            }
        }
        return memory._withUnsafeGuaranteedRef { workspace in
            let memory = workspace.changes + Int(emission.pointee.changeMemory)
            guard memory.pointee != digest else { return false }
            memory.pointee = digest
            isQuiet = false
            return true
        }
    }

    /// Whether a value is the same as the last one, too soon after it.
    private mutating func repeats(_ emission: UnsafePointer<Emission>, _ value: Double) -> Bool {
        memory._withUnsafeGuaranteedRef { workspace in
            let last = workspace.dedupes + Int(emission.pointee.dedupeMemory)
            let passed = at &- last.pointee.at
            if last.pointee.value == value, passed >= 0, passed < emission.pointee.dedupe {
                due = min(due, last.pointee.at &+ emission.pointee.dedupe)
                return true
            }
            last.pointee = Workspace.Told(value: value, at: at)
            isQuiet = false
            return false
        }
    }

    /// Appends the readings of a slot; `false` when there was none.
    private mutating func emit(
        _ emission: UnsafePointer<Emission>, _ place: UnsafeMutablePointer<Workspace.Slot>, _ program: Program,
        _ decoder: inout Decoder, _ decoded: inout Decoded
    ) -> Bool {
        if place.pointee.count < 0, emission.pointee.time < 0, emission.pointee.counter < 0 {
            // The common case: one value, of now, that adds up to nothing.
            let value = place.pointee.number
            if emission.pointee.isNumber {
                guard value >= emission.pointee.low, value <= emission.pointee.high else {
                    count(.outOfRange)
                    return false
                }
                decoded.readings.append(
                    Reading(
                        metric: emission.pointee.metric, value: value,
                        time: emission.pointee.isBeat ? .beat(index: 0, count: 1) : .arrival))
                return true
            }
        }
        let slot = place.pointee
        let counter =
            emission.pointee.counter >= 0 ? code.counters[Int(emission.pointee.counter)] : nil
        if emission.pointee.time >= 0 {
            return emitTimed(emission, slot, counter, decoder.zone, &decoded)
        }
        if slot.count < 0 {
            guard let value = accepted(slot.number, emission) else { return false }
            decoded.readings.append(
                Reading(
                    metric: emission.pointee.metric, value: value,
                    time: emission.pointee.isBeat ? .beat(index: 0, count: 1) : .arrival, counter: counter))
            return true
        }
        let first = decoded.readings.count
        for index in slot.start..<slot.start + slot.count {
            let item = items[Int(index)]
            guard !item.isNaN, let value = accepted(item, emission) else { continue }
            // The place in the packet; how many there are is known afterwards. Never more than `mostRepeats`.
            let place = UInt16(truncatingIfNeeded: decoded.readings.count - first)
            decoded.readings.append(
                Reading(
                    metric: emission.pointee.metric, value: value,
                    time: emission.pointee.isBeat ? .beat(index: place, count: 1) : .arrival, counter: counter))
        }
        let count = decoded.readings.count - first
        if emission.pointee.isBeat, count > 1 {
            for index in 0..<count {
                decoded.readings[first + index].time = .beat(
                    index: UInt16(truncatingIfNeeded: index), count: UInt16(truncatingIfNeeded: count))
            }
        }
        return count > 0
    }

    private mutating func emitTimed(
        _ emission: UnsafePointer<Emission>, _ slot: Workspace.Slot, _ counter: CounterRule?, _ zone: Zone,
        _ decoded: inout Decoded
    ) -> Bool {
        let moments = self.moments(code.times + Int(emission.pointee.time), values: max(1, Int(slot.count)), zone)
        let first = decoded.readings.count
        let range = slot.count < 0 ? 0..<Int32(1) : 0..<slot.count
        for index in range {
            let item = slot.count < 0 ? slot.number : items[Int(slot.start + index)]
            guard !item.isNaN, let value = accepted(item, emission) else { continue }
            let time: Reading.DeviceTime
            switch moments.moment(Int(index), arrival: at, isTimed: isTimed) {
            case .at(let moment): time = .at(moment)
            case .arrival: time = emission.pointee.isBeat ? .beat(index: 0, count: 1) : .arrival
            case .none:
                count(.noTime)
                continue
            case .future:
                count(.future)
                continue
            }
            decoded.readings.append(
                Reading(metric: emission.pointee.metric, value: value, time: time, counter: counter))
        }
        return decoded.readings.count > first
    }

    /// The value as the metric wants it, or `nil` with a count of the reason.
    mutating func accepted(_ value: Double, _ emission: UnsafePointer<Emission>) -> Double? {
        if !emission.pointee.codes.isEmpty {
            for index in emission.pointee.codes.indices where code.codes[index].from == value {
                return code.codes[index].to
            }
            count(.reserved)
            return nil
        }
        if emission.pointee.codeCount > 0 {
            guard value >= 0, value < Double(emission.pointee.codeCount), value == value.rounded() else {
                count(.reserved)
                return nil
            }
            return value
        }
        guard value >= emission.pointee.low, value <= emission.pointee.high else {
            count(.outOfRange)
            return nil
        }
        return value
    }

    // MARK: status

    /// Tells what the message says about the sensor, when that has changed.
    mutating func tell(_ message: UnsafePointer<Message>, _ program: Program, _ decoded: inout Decoded) {
        // Of the entries for worn, contact and signal the first one that applies counts.
        var done: UInt8 = 0
        for index in message.pointee.statuses.indices {
            let status = code.statuses + index
            let kind = status.pointee.kind
            let bit: UInt8 = kind == .diagnostic ? 0 : 1 &<< kind.rawValue
            if done & bit != 0 { continue }
            let last = told + Int(status.pointee.memory)
            let applies =
                (status.pointee.condition.isEmpty || holds(status.pointee.condition))
                && (status.pointee.unless.isEmpty || !holdsAny(status.pointee.unless))
            let value =
                status.pointee.slot < 0
                ? status.pointee.value : slots[Int(status.pointee.slot)].number / status.pointee.maximum
            guard applies, !value.isNaN else {
                if kind == .diagnostic { last.pointee = Workspace.Told() }
                continue
            }
            done |= bit
            let level = min(max(value, 0), 1)
            guard isNews(level, kind, last.pointee) else { continue }
            isQuiet = false
            last.pointee = Workspace.Told(value: level, at: at)
            switch kind {
            case .worn: decoded.statuses.append(.worn(level != 0))
            case .contact: decoded.statuses.append(.contact(level))
            case .signal: decoded.statuses.append(.signal(level))
            case .diagnostic:
                decoded.statuses.append(.diagnostic(program.diagnostics[Int(status.pointee.counter)].name))
            }
        }
    }

    private mutating func isNews(_ level: Double, _ kind: StatusInstruction.Kind, _ last: Workspace.Told) -> Bool {
        if last.value.isNaN { return true }
        let passed = at &- last.at
        let pace: Int64
        if level == last.value {
            guard isTimed else { return false }
            pace = Decoder.statusRefresh.milliseconds
        } else {
            guard kind == .signal, isTimed else { return true }
            pace = Decoder.signalPace.milliseconds
        }
        if passed < 0 || passed >= pace { return true }
        due = min(due, last.at &+ pace)
        return false
    }
}
