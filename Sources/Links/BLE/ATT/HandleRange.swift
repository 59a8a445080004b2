/// Attribute handles from `first` to `last`, both included. Foreign ones may be inverted; `isValid` says so.
public struct HandleRange: Hashable, Sendable {
    public var first: UInt16
    public var last: UInt16

    public init(_ first: UInt16, _ last: UInt16) {
        self.first = first
        self.last = last
    }

    /// Every handle there can be: 0 is reserved (Core 5.4, vol. 3, part F, 3.2.2).
    public static let all = HandleRange(0x0001, 0xFFFF)

    public var isValid: Bool { first > 0 && first <= last }

    public func contains(_ handle: UInt16) -> Bool { handle >= first && handle <= last }

    public func overlaps(_ other: HandleRange) -> Bool { first <= other.last && other.first <= last }
}

/// An attribute and what it holds.
public struct AttributeValue: Hashable, Sendable {
    public var handle: UInt16
    public var value: [UInt8]

    public init(_ handle: UInt16, _ value: [UInt8]) {
        self.handle = handle
        self.value = value
    }
}
