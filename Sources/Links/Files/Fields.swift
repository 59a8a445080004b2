/// The fields of one line, as offsets into it. Reused from line to line.
struct Fields: ~Copyable {
    /// Field `i` lies in `bounds[i] ..< bounds[i + 1] - 1`.
    private let bounds: UnsafeMutablePointer<Int32>
    private(set) var count = 0

    /// Fields beyond are not seen.
    static let most = 512

    init() { bounds = .allocate(capacity: Fields.most + 1) }

    deinit { bounds.deallocate() }

    /// Splits a line; a separator inside double quotes does not count. Stops after `limit` fields.
    ///
    /// - Complexity: O(bytes of those fields).
    @inline(__always) mutating func split(_ line: UnsafeRawBufferPointer, by separator: UInt8, limit: Int) {
        let limit = min(limit, Fields.most)
        bounds[0] = 0
        var found = 0
        var quoted = false
        var offset = 0
        let end = line.count
        while offset < end {
            let byte = line[offset]
            offset += 1
            if byte == UInt8(ascii: "\"") {
                quoted.toggle()
            } else if byte == separator, !quoted {
                found += 1
                bounds[found] = Int32(truncatingIfNeeded: offset)
                if found == limit {
                    count = found
                    return
                }
            }
        }
        found += 1
        bounds[found] = Int32(truncatingIfNeeded: end + 1)
        count = found
    }

    /// Where field `index` begins in its line.
    func start(_ index: Int) -> Int { Int(bounds[index]) }

    /// The content of a field, spaces and quotes around it left out; empty when the line has no such field.
    @inline(__always) func field(_ index: Int, of line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard index < count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        var start = Int(bounds[index])
        var end = Int(bounds[index + 1]) - 1
        while start < end, Fields.isPadding(line[start]) { start += 1 }
        while end > start, Fields.isPadding(line[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: line[start..<end])
    }

    @inline(__always) private static func isPadding(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == UInt8(ascii: "\"") || byte == 0x09
    }
}
