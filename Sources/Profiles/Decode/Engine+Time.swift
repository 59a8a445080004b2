import Vitals

/// When the values of one packet were true.
struct Moments {
    enum Answer {
        case at(Timestamp)
        case arrival
        /// The device should have told and did not.
        case none
        case future
    }

    /// Milliseconds since 1970 of the first value, on the device's clock or in UTC; NaN for none.
    var first = Double.nan
    /// From one value to the next.
    var step = 0.0
    /// The clock shows this zone's local time.
    var zone: Zone?
    var drops = false
    var refusesFuture = false

    /// The range of times that ECMAScript allows too, about the years ±270 000; beyond it a clock is plainly broken.
    static let latest = 8.64e15

    func moment(_ index: Int, arrival: Int64, isTimed: Bool) -> Answer {
        let value = first + step * Double(index)
        // NaN fails the comparison as well.
        guard abs(value) <= Self.latest else { return drops ? .none : .arrival }
        var time = Timestamp(milliseconds: Int64(value.rounded()))
        if let zone {
            let (day, timeOfDay) = Self.split(time.milliseconds)
            time = zone.timestamp(day: day, timeOfDay: timeOfDay)
        }
        if refusesFuture, isTimed, time.milliseconds > arrival { return .future }
        return .at(time)
    }

    /// A local time, counted as if it were UTC, as day and time of day.
    private static func split(_ milliseconds: Int64) -> (LocalDay, TimeSpan) {
        let length: Int64 = 86_400_000
        var (day, rest) = milliseconds.quotientAndRemainder(dividingBy: length)
        if rest < 0 {
            day -= 1
            rest += length
        }
        return (LocalDay(number: Int32(clamping: day)), TimeSpan(milliseconds: rest))
    }
}

extension Engine {
    /// A device's clock is tied to arrival anew when it seems to be off by more than this: it was set, or ran away.
    private static let clockJump: Int64 = 2000
    /// By how much a packet may move the tie; more than any clock drifts between two packets.
    private static let clockCreep: Int64 = 1

    mutating func moments(_ rule: UnsafePointer<TimeRule>, values: Int, _ zone: Zone) -> Moments {
        var moments = Moments()
        moments.drops = rule.pointee.drops
        moments.refusesFuture = rule.pointee.refusesFuture
        if rule.pointee.isLocal { moments.zone = zone }
        if holdsAny(rule.pointee.unless) { return moments }
        switch rule.pointee.kind {
        case .epoch(let slot, let factor): moments.first = slots[Int(slot)].number * factor
        case .field(let slot): moments.first = slots[Int(slot)].number * 1000
        case .date(let year, let month, let day, let century, let slot, let slotMinutes):
            let parts = (slots[Int(year)].number, slots[Int(month)].number, slots[Int(day)].number)
            guard let y = Int(exactly: parts.0), let m = Int(exactly: parts.1), let d = Int(exactly: parts.2),
                abs(y) < 100_000, let date = LocalDay(year: Int(century) + y, month: m, day: d)
            else { return moments }
            let minutes = slot < 0 ? 0 : slots[Int(slot)].number * Double(slotMinutes)
            guard minutes >= 0, minutes < 1440 else { return moments }
            moments.first = (Double(date.number) * 1440 + minutes) * 60_000
        case .base(let slot, let factor, let floorsDay, let step, let kept):
            var base = slots[Int(slot)].number * factor
            if floorsDay { base = (base / 86_400_000).rounded(.down) * 86_400_000 }
            moments.first = base
            moments.step = kept < 0 ? step : step * memory._withUnsafeGuaranteedRef { $0.kept[Int(kept)] }
            // Without a step only the first value has a time, which helps nobody.
            if values > 1, !(moments.step > 0) { moments.first = .nan }
        case .last(let slot, let factor, let epoch, let interval, let clock):
            var last = slots[Int(slot)].number * factor + epoch
            if clock >= 0 { last = arrival(of: last, Int(clock)) }
            moments.first = last - interval * Double(values - 1)
            moments.step = interval
        }
        return moments
    }

    /// When a moment of the device's own clock was on the hub's: the packet that travelled fastest ties them together.
    private mutating func arrival(of moment: Double, _ clock: Int) -> Double {
        guard abs(moment) <= Moments.latest else { return .nan }
        let device = Int64(moment.rounded())
        return memory._withUnsafeGuaranteedRef { workspace in
            let tie = workspace.clocks + clock
            let ahead = at &- device
            let distance = ahead &- tie.pointee
            if tie.pointee == Workspace.unset || distance < 0 || distance > Self.clockJump {
                tie.pointee = ahead
            } else {
                tie.pointee += min(distance, Self.clockCreep)
            }
            return Double(device &+ tie.pointee)
        }
    }

    // MARK: messages in several frames

    /// Remembers what later messages need of a head message.
    mutating func keep(_ message: UnsafePointer<Message>, _ decoder: inout Decoder) {
        for index in message.pointee.keeps.indices {
            let keep = code.keeps[index]
            memory._withUnsafeGuaranteedRef { $0.kept[Int(keep.memory)] = slots[Int(keep.slot)].number }
        }
        // What was collected belongs to an earlier head.
        for index in decoder.collections.indices { decoder.collections[index] = Decoder.Collection() }
    }

    /// Adds a part; decodes the whole when it is complete.
    mutating func assemble(
        _ message: UnsafePointer<Message>, _ frame: Frame, _ program: Program, _ decoder: inout Decoder,
        _ decoded: inout Decoded
    ) {
        let assembly = code.assemblies[Int(message.pointee.assembly)]
        let place = Int(assembly.memory)
        let kept = memory._withUnsafeGuaranteedRef { $0.kept[Int(assembly.total)] }
        guard let announced = Int64(exactly: kept) else {
            count(.noHead)
            return
        }
        let total = announced - (assembly.lessOne ? 1 : 0)
        let number = slots[Int(assembly.index)]
        guard !number.number.isNaN else { return }
        if number.raw == assembly.first { decoder.collections[place] = Decoder.Collection() }
        guard !decoder.collections[place].isBroken else { return }
        let end = min(Int(assembly.payload.end), frame.count)
        guard number.raw &- assembly.first == decoder.collections[place].count, Int(assembly.payload.start) <= end,
            decoder.collections[place].bytes.count + end <= Program.longestFrame
        else {
            count(.gap)
            decoder.collections[place] = Decoder.Collection(isBroken: true)
            return
        }
        decoder.collections[place].bytes += frame[Int(assembly.payload.start)..<end]
        decoder.collections[place].count += 1
        guard decoder.collections[place].count == total else { return }
        let whole = decoder.collections[place].bytes
        decoder.collections[place] = Decoder.Collection()
        itemCount = 0
        let target = code.messages + Int(assembly.into)
        whole.withUnsafeBufferPointer { bytes in
            if target.pointee.length >= 0, bytes.count != Int(target.pointee.length) {
                count(.length)
            } else if let failure = readFields(target, bytes, &decoder.lines) {
                count(failure)
            } else {
                if target.pointee.diagnostic >= 0 { count(Int(target.pointee.diagnostic)) }
                tell(target, program, &decoded)
                emit(target, program, &decoder, &decoded)
            }
        }
    }
}
