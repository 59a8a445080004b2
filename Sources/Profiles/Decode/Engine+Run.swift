import Vitals

extension Engine {
    /// What is the same for all frames of a run that begin with the same byte.
    private struct Lead {
        let first: UInt8
        let straight: UnsafePointer<Straight>
        /// Counter of the message's own diagnostic, or -1.
        let diagnostic: Int
        /// While everything that the message says about the sensor has been told.
        var told: Range<Int64>
    }

    /// How many bytes of a run memory is asked for at once: each gives a reading at most in ordinary formats, and what
    /// turns out to need more is taken by itself.
    private static let mostRoom = 1024

    /// Takes reads from `place` on, with the readings' memory open all the while, as long as each is a straight-line
    /// frame that has nothing new to say about the sensor; moves `place` and `start`, the offset of its first byte,
    /// behind them.
    mutating func takeRun(
        _ bytes: Frame, _ ends: Span<Int>, _ times: Span<Timestamp>, _ count: Int, _ index: Int,
        place: inout Int, start: inout Int, marks: UnsafeMutablePointer<Decoded.Mark>, _ decoded: inout Decoded
    ) {
        guard code.shapes[index].leading >= 0, takesShortcuts else { return }
        let (before, statuses, known) = (place, decoded.statuses.count, decoded.readings.count)
        decoded.readings.append(addingCapacity: min(bytes.count - start, Self.mostRoom)) { readings in
            readings.withUnsafeMutableBufferPointer { buffer, filled in
                guard let base = buffer.baseAddress else { return }
                let (begin, limit) = (base + filled, base + buffer.count)
                var end = begin
                var lead: Lead?
                while place < count {
                    let stop = min(max(start, ends[place]), bytes.count)
                    let frame = Frame(rebasing: bytes[start..<stop])
                    let at = times[place].milliseconds
                    guard let first = frame.first, frame.count <= Program.longestFrame else { break }
                    // Comparing is faster than following the tables for what is mostly the same.
                    if lead?.first != first { lead = self.lead(index, first) }
                    guard let lead, lead.told.contains(at), let repeats = repeats(lead.straight, frame) else { break }
                    guard limit - end >= most(lead.straight, repeats) else { break }
                    self.at = at
                    if lead.diagnostic >= 0 { self.count(lead.diagnostic) }
                    emit(lead.straight, frame, repeats, &end)
                    (marks + place).initialize(
                        to: Decoded.Mark(readings: known + (end - begin), statuses: statuses))
                    place += 1
                    start = stop
                }
                filled += end - begin
            }
        }
        guard place > before else { return }
        decoded.frames += place - before
        // Whatever is remembered of an earlier frame, these may have changed what is due.
        memo.input = -1
    }

    /// What frames with this first byte have in common; `nil` where they take decisions or have something new to say.
    private mutating func lead(_ index: Int, _ first: UInt8) -> Lead? {
        guard let message = straightMessage(index, first), isTimed || message.pointee.statuses.isEmpty else {
            return nil
        }
        var told = Int64.min..<Int64.max
        for index in message.pointee.statuses.indices {
            let status = code.statuses + index
            let last = self.told[Int(status.pointee.memory)]
            guard last.value == status.pointee.value else { return nil }
            let (until, isLate) = last.at.addingReportingOverflow(Decoder.statusRefresh.milliseconds)
            told = told.clamped(to: last.at..<(isLate ? .max : until))
        }
        return Lead(
            first: first, straight: code.straights + Int(message.pointee.straight),
            diagnostic: Int(message.pointee.diagnostic), told: told)
    }
}
