extension TimeSpan {
    /// Reads a span as rule files write it: whole numbers with the units `d h m s ms`, the largest first: `90s`, `10m`,
    /// `40m10s`, `28d`, `250ms`; a sign in front is allowed (`-5m`).
    ///
    /// `nil` for anything else, a number without a unit included, and for spans beyond 292 million years.
    public init?(_ text: String) {
        let units: [(name: [UInt8], size: Int64)] = [
            ([UInt8(ascii: "d")], 86_400_000), ([UInt8(ascii: "h")], 3_600_000), ([UInt8(ascii: "m")], 60_000),
            ([UInt8(ascii: "s")], 1000), ([UInt8(ascii: "m"), UInt8(ascii: "s")], 1),
        ]
        var rest = Array(text.utf8)[...]
        var sign: Int64 = 1
        if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            sign = first == UInt8(ascii: "-") ? -1 : 1
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        var allowed = 0
        while !rest.isEmpty {
            let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            guard !digits.isEmpty, let amount = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let name = Array(rest.prefix { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 })
            rest = rest.dropFirst(name.count)
            guard let unit = units.indices.first(where: { $0 >= allowed && units[$0].name == name }) else { return nil }
            allowed = unit + 1
            let (part, tooLong) = amount.multipliedReportingOverflow(by: units[unit].size)
            let (sum, tooMuch) = total.addingReportingOverflow(part)
            guard !tooLong, !tooMuch else { return nil }
            total = sum
        }
        self.init(milliseconds: sign * total)
    }
}
