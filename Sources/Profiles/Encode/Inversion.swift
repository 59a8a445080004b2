import Vitals

/// Finds what the fields of a message must hold so that given readings come out.
///
/// Each slot collects what is asked of it: bits of its integer, a number, a list, to be there or not. Where there is a
/// choice the first way that contradicts nothing so far is taken, and taken back when it leads nowhere.
struct Inversion {
    let program: Program
    let message: Message
    let input: Int
    let format: Input.Format
    /// The bytes are no frame of their own: neither the frame's length nor its framing is asked of them.
    var isFragment = false
    var goals: [Goal]

    /// What is asked of a slot.
    struct Goal {
        /// Bits of the integer that are decided, and what they are.
        var mask: UInt64 = 0
        var bits: UInt64 = 0
        /// The number before scaling, where it is not an integer's bits.
        var number: Double?
        var items: [Double]?
        /// It has a value, or none.
        var isPresent: Bool?
        /// Scaled numbers it must not be.
        var avoided: [Double] = []
    }

    /// A decimal float of 16 bits has three digits and more: half of the last is less than this share.
    static let decimalResolution = 0.006

    init(_ program: Program, message: Int, input: Int) {
        self.program = program
        self.message = program.code.messages[message]
        self.input = input
        format = program.inputs[input].shape.format
        goals = Array(repeating: Goal(), count: program.sizes.slots)
    }

    var fields: [FieldInstruction] { message.fields.indices.map { program.code.fields[$0] } }

    func fields(of slot: Int32) -> [FieldInstruction] { fields.filter { $0.slot == slot } }

    // MARK: what is wanted

    mutating func say(_ utterance: Utterance, zone: Zone, withTime: Bool) -> Bool {
        let code = program.code
        guard tell(utterance) else { return false }
        let emissions = message.emissions.indices.map { code.emissions[$0] }
        guard emissions.count == utterance.values.count else { return false }
        for (emission, values) in zip(emissions, utterance.values) where !values.isEmpty {
            guard say(emission, values, utterance, zone, withTime) else { return false }
        }
        for (emission, values) in zip(emissions, utterance.values) where values.isEmpty {
            guard silence(emission) else { return false }
        }
        for emission in emissions where emission.onChange >= 0 {
            let goal = goals[Int(emission.onChange)]
            guard goal.mask == 0, goal.number == nil, goal.items == nil else { continue }
            // Counters in text run over as those in bytes do.
            _ = want(emission.onChange, Double(format == .binary ? utterance.news : utterance.news & 0xFF), wraps: true)
        }
        return settle()
    }

    private mutating func say(
        _ emission: Emission, _ values: [Double], _ utterance: Utterance, _ zone: Zone, _ withTime: Bool
    ) -> Bool {
        let code = program.code
        for index in emission.dropAll.indices {
            guard refute(code.conjunctions[index]) else { return false }
        }
        for index in emission.unless.indices {
            guard refute(code.conjunctions[index]) else { return false }
        }
        guard satisfy(emission.condition) else { return false }
        if emission.time >= 0 {
            guard date(code.times[Int(emission.time)], utterance, zone, withTime) else { return false }
        }
        let raw = values.map { value in
            emission.codes.indices.first { code.codes[$0].to == value }.map { code.codes[$0].from } ?? value
        }
        let counter = emission.counter >= 0 ? program.code.counters[Int(emission.counter)] : nil
        return raw.count == 1
            ? want(emission.slot, raw[0], wraps: counter?.kind == .cumulative) || want(emission.slot, items: raw)
            : want(emission.slot, items: raw)
    }

    /// Makes an emission give nothing.
    private mutating func silence(_ emission: Emission) -> Bool {
        let code = program.code
        if goals[Int(emission.slot)].isPresent == false { return true }
        for index in emission.unless.indices where isCertain(code.conjunctions[index]) { return true }
        let saved = goals
        if absent(emission.slot) { return true }
        goals = saved
        for index in emission.unless.indices {
            if satisfy(code.conjunctions[index]) { return true }
            goals = saved
        }
        return !emission.condition.isEmpty && refute(emission.condition)
    }

    /// Makes the message tell how the sensor fits.
    private mutating func tell(_ utterance: Utterance) -> Bool {
        let statuses = message.statuses.indices.map { program.code.statuses[$0] }
        for status in statuses where status.kind == .diagnostic {
            _ = status.condition.isEmpty ? true : refute(status.condition)
        }
        var wanted: [(StatusInstruction.Kind, Double)] = []
        switch utterance.fit {
        case .worn: wanted = [(.worn, 1), (.contact, 1)]
        case .lost: wanted = [(.worn, 0), (.contact, 0)]
        case nil: break
        }
        if let signal = utterance.signal, utterance.fit != .lost { wanted.append((.signal, signal)) }
        for (kind, value) in wanted {
            let entries = statuses.filter { $0.kind == kind }
            // What the message cannot say about the sensor is not said.
            if !entries.isEmpty { _ = tell(value, entries) }
        }
        return true
    }

    private mutating func tell(_ value: Double, _ entries: [StatusInstruction]) -> Bool {
        let saved = goals
        for (place, entry) in entries.enumerated() where entry.slot >= 0 || entry.value == value {
            // Of the entries of a kind the first that applies counts.
            let isFirst = entries[..<place].allSatisfy { earlier in
                if !earlier.condition.isEmpty, refute(earlier.condition) { return true }
                return earlier.unless.indices.contains { satisfy(program.code.conjunctions[$0]) }
            }
            let applies =
                isFirst && satisfy(entry.condition)
                && entry.unless.indices.allSatisfy { refute(program.code.conjunctions[$0]) }
            if applies, entry.slot < 0 || want(entry.slot, (value * entry.maximum).rounded()) { return true }
            goals = saved
        }
        return false
    }

    /// Writes the device's time into the message, or leaves it out.
    private mutating func date(_ rule: TimeRule, _ utterance: Utterance, _ zone: Zone, _ withTime: Bool) -> Bool {
        let saved = goals
        if !withTime, !rule.drops {
            if rule.unless.indices.contains(where: { satisfy(program.code.conjunctions[$0]) }) { return true }
            goals = saved
            if let slot = rule.slot, absent(slot) { return true }
            goals = saved
            return false
        }
        guard let time = utterance.time else {
            // The device's clock only spaces the values.
            if case .last(let slot, _, _, _, let clock) = rule.kind, clock >= 0 { return want(slot, 0) }
            return false
        }
        for index in rule.unless.indices {
            guard refute(program.code.conjunctions[index]) else { return false }
        }
        let shown = time + (rule.isLocal ? zone.offset(at: time) : .zero)
        let milliseconds = Double(shown.milliseconds)
        switch rule.kind {
        case .epoch(let slot, let unit): return want(slot, milliseconds / unit)
        case .field(let slot): return want(slot, (milliseconds / 1000).rounded(.down))
        case .date(let year, let month, let day, let century, let slot, let slotMinutes):
            let civil = Zone.utc.day(of: shown).civil
            let minutes = Zone.utc.timeOfDay(shown).milliseconds / 60_000
            guard want(year, Double(civil.year - Int(century))), want(month, Double(civil.month)),
                want(day, Double(civil.day))
            else { return false }
            return slot < 0 || slotMinutes <= 0 || want(slot, Double(minutes / Int64(slotMinutes)))
        case .base(let slot, let unit, let floorsDay, _, _):
            let base = floorsDay ? (milliseconds / 86_400_000).rounded(.down) * 86_400_000 : milliseconds
            return want(slot, base / unit)
        case .last(let slot, let unit, let epoch, _, _): return want(slot, (milliseconds - epoch) / unit)
        }
    }

    /// Gives values to slots that must have one, and moves those that must not be what they would be.
    private mutating func settle() -> Bool {
        // Members of a line may stay away; bytes and groups of a pattern are there and say something.
        let isFixed = format == .binary || format == .text
        for slot in Set(fields.map(\.slot)).sorted() {
            let goal = goals[Int(slot)]
            let isOpen = goal.mask == 0 && goal.number == nil && goal.items == nil
            guard goal.isPresent != false, isOpen else { continue }
            // Where the field may stay away there is nothing to avoid.
            let stands = fields(of: slot).contains { $0.condition.isEmpty || isCertain($0.condition) }
            guard goal.isPresent == true || (!goal.avoided.isEmpty && isFixed && stands) else { continue }
            // Zero, unless that is forbidden or means that there is none.
            let found = [0.0, 1, 2, 3, 60].contains { value in
                let saved = goals
                if !goal.avoided.contains(value), want(slot, value) { return true }
                goals = saved
                return false
            }
            if !found, goal.isPresent == true { return false }
        }
        return true
    }
}

extension TimeRule {
    /// The slot whose absence means that there is no time.
    var slot: Int32? {
        switch kind {
        case .epoch(let slot, _), .field(let slot), .base(let slot, _, _, _, _), .last(let slot, _, _, _, _): slot
        case .date: nil
        }
    }
}
