import CKernels

/// A table with one row for each moment and one lane for each series: the layout that kernels read and write.
///
/// Rows lie one after another in time, 64 lanes each, so that a vector instruction works on neighbours of one moment and
/// no lane waits for another.
public struct Rows<Element: BitwiseCopyable>: ~Copyable {
    /// Series beside each other.
    public static var lanes: Int { 64 }

    public let count: Int
    let cells: UnsafeMutablePointer<Element>

    /// A table of `count` rows, filled with `value`. O(cells).
    public init(count: Int, repeating value: Element) {
        precondition(count >= 0, "a table has no rows fewer than none")
        self.count = count
        let bytes = Swift.max(count, 1) * 64 * MemoryLayout<Element>.stride
        // A cache line: one row of bytes.
        let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        cells = block.bindMemory(to: Element.self, capacity: Swift.max(count, 1) * 64)
        cells.initialize(repeating: value, count: Swift.max(count, 1) * 64)
    }

    deinit { UnsafeMutableRawPointer(cells).deallocate() }

    public subscript(row: Int, lane: Int) -> Element {
        get {
            precondition(row >= 0 && row < count && lane >= 0 && lane < 64, "outside the table")
            return cells[row * 64 + lane]
        }
        set {
            precondition(row >= 0 && row < count && lane >= 0 && lane < 64, "outside the table")
            cells[row * 64 + lane] = newValue
        }
    }

    /// One lane's values, in order of time. O(rows).
    public func series(_ lane: Int) -> [Element] { (0..<count).map { self[$0, lane] } }

    @inline(__always) func row(_ number: Int) -> UnsafeMutablePointer<Element> { cells + number * 64 }
}
