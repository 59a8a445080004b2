import Glibc
import Vitals

extension Decoder {
    /// Makes the readings of a decoded message.
    mutating func emit(_ message: Message, _ program: Program, _ at: Timestamp, _ decoded: inout Decoded) {
        for index in message.emissions {
            let emission = program.emissions[index]
            if holdsAny(emission.dropAll, program) {
                count(.invalid)
                return
            }
            let slot = scratch.slots[emission.slot]
            if slot.count == 0 || (slot.count < 0 && slot.number.isNaN) { continue }
            if holdsAny(emission.unless, program) {
                count(.suppressed)
                continue
            }
            if emission.condition >= 0, !holds(program.conjunctions[emission.condition], program) { continue }
            if emission.onChange >= 0 {
                let current = scratch.slots[emission.onChange].number
                let last = memory.changes[emission.changeMemory]
                if current == last || (current.isNaN && last.isNaN) { continue }
                memory.changes[emission.changeMemory] = current
            }
            if isTimed, emission.thin > 0 {
                let last = memory.thinned[emission.thinMemory]
                let passed = at.milliseconds &- last
                if last != .min, passed >= 0, passed < emission.thin { continue }
            }
            if emit(emission, slot, program, at, &decoded) {
                memory.thinned[emission.thinMemory] = at.milliseconds
            }
        }
    }

    /// Appends the readings of a slot; `false` when there was none.
    private mutating func emit(
        _ emission: Emission, _ slot: Slot, _ program: Program, _ at: Timestamp, _ decoded: inout Decoded
    ) -> Bool {
        let counter = emission.counter >= 0 ? program.counters[emission.counter] : nil
        let time = self.time(emission)
        if slot.count < 0 {
            guard let value = accepted(slot.number, emission, program) else { return false }
            let single = Reading.DeviceTime.beat(index: 0, count: 1)
            decoded.readings.append(
                Reading(
                    metric: emission.metric, value: value, time: emission.isBeat && time == .arrival ? single : time,
                    counter: counter))
            return true
        }
        let first = decoded.readings.count
        for index in slot.start..<slot.start + slot.count {
            let item = scratch.items[index]
            guard !item.isNaN, let value = accepted(item, emission, program) else { continue }
            decoded.readings.append(Reading(metric: emission.metric, value: value, time: time, counter: counter))
        }
        let count = decoded.readings.count - first
        if emission.isBeat, time == .arrival {
            // Never more than `mostRepeats`.
            for index in 0..<count {
                decoded.readings[first + index].time = .beat(
                    index: UInt16(truncatingIfNeeded: index), count: UInt16(truncatingIfNeeded: count))
            }
        }
        return count > 0
    }

    /// The value as the metric wants it, or `nil` with a count of the reason.
    private mutating func accepted(_ value: Double, _ emission: Emission, _ program: Program) -> Double? {
        if !emission.codes.isEmpty {
            for index in emission.codes where program.codes[index].from == value { return program.codes[index].to }
            count(.reserved)
            return nil
        }
        if emission.codeCount > 0 {
            guard value >= 0, value < Double(emission.codeCount), value == value.rounded() else {
                count(.reserved)
                return nil
            }
            return value
        }
        // Samples are Floats: what overflows one was never measured.
        guard value >= emission.low, value <= emission.high, Float(value).isFinite else {
            count(.outOfRange)
            return nil
        }
        return value
    }

    private func time(_ emission: Emission) -> Reading.DeviceTime {
        guard case .epoch(let slot, let factor) = emission.time else { return .arrival }
        let milliseconds = scratch.slots[slot].number * factor
        // NaN fails the comparison as well.
        guard abs(milliseconds) <= Self.latestTime else { return .arrival }
        return .at(Timestamp(milliseconds: Int64(milliseconds.rounded())))
    }

    /// The range of times that ECMAScript allows too, about the years ±270 000; beyond it a clock is plainly broken.
    private static let latestTime = 8.64e15

    /// Tells what the message says about the sensor, when that has changed.
    mutating func tell(_ message: Message, _ program: Program, _ at: Timestamp, _ decoded: inout Decoded) {
        // Of the entries for worn, contact and signal the first one that applies counts.
        var told = (worn: false, contact: false, signal: false)
        for index in message.statuses {
            let status = program.statuses[index]
            switch status.kind {
            case .worn: if told.worn { continue }
            case .contact: if told.contact { continue }
            case .signal: if told.signal { continue }
            case .diagnostic: break
            }
            let place = status.kind.memory
            let applies =
                (status.condition < 0 || holds(program.conjunctions[status.condition], program))
                && !holdsAny(status.unless, program)
            let value = status.slot < 0 ? status.value : scratch.slots[status.slot].number / status.maximum
            guard applies, !value.isNaN else {
                if case .diagnostic = status.kind { memory.told[place] = Memory.Told() }
                continue
            }
            switch status.kind {
            case .worn: told.worn = true
            case .contact: told.contact = true
            case .signal: told.signal = true
            case .diagnostic: break
            }
            let level = min(max(value, 0), 1)
            guard isNews(level, status.kind, memory.told[place], at) else { continue }
            memory.told[place] = Memory.Told(value: level, at: at.milliseconds)
            switch status.kind {
            case .worn: decoded.statuses.append(.worn(level != 0))
            case .contact: decoded.statuses.append(.contact(level))
            case .signal: decoded.statuses.append(.signal(level))
            case .diagnostic: decoded.statuses.append(.diagnostic(program.diagnostics[status.counter].name))
            }
        }
    }

    private func isNews(_ level: Double, _ kind: StatusInstruction.Kind, _ last: Memory.Told, _ at: Timestamp) -> Bool {
        if last.value.isNaN { return true }
        let passed = at.milliseconds &- last.at
        guard level != last.value else {
            return isTimed && (passed < 0 || passed >= Self.statusRefresh.milliseconds)
        }
        if case .signal = kind, isTimed { return passed < 0 || passed >= Self.signalPace.milliseconds }
        return true
    }
}
