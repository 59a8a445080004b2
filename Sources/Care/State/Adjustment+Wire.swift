import Vitals

extension Adjustment: WireValue {
    func write(to writer: inout ByteWriter) {
        writer.wire(adjustment)
        writer.time(onset)
        writer.count(nextTransition)
        writer.text(title)
        writer.byte(severity.rawValue)
        writer.list(recipients) { $0.text($1) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        var adjustment: PlanAdjustment = try reader.wire()
        adjustment.change = adjustment.change.sane
        self.init(
            adjustment: adjustment, onset: try reader.time(), nextTransition: try reader.transition(),
            title: try reader.text(), severity: try reader.raw(),
            recipients: try reader.list { reader throws(WireError) in try reader.text() })
    }
}
