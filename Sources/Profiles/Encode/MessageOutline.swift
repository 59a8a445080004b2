import Vitals

/// What one kind of frame can say, for those who want it said.
public struct MessageOutline: Sendable {
    /// Which message of the profile it is; see `Utterance.message`.
    public var index: Int
    /// The input whose frames carry it.
    public var input: String
    /// What becomes readings, in the order of the file.
    public var contents: [Content]
    /// What it can tell about the sensor itself.
    public var tells: Set<Sign>
    /// It is put together from several frames.
    public var isAssembled = false
    /// It announces a message in several frames.
    public var isHead = false
    /// It is counted under a word of its own.
    public var isDiagnostic = false
    /// The bytes that it always begins with: a request that begins so is answered by it.
    public var prefix: [UInt8] = []

    /// A kind of status.
    public enum Sign: Hashable, Sendable { case worn, contact, signal }

    /// Where a value's time comes from.
    public enum Clock: Hashable, Sendable {
        /// The hub's clock, when the bytes arrive.
        case arrival
        /// The frame may hold a time.
        case optional
        /// The frame holds a time, or the value counts for nothing.
        case required
        /// The device's clock spaces the values, so many milliseconds apart; arrival says when they were.
        case spacing(Double)
    }

    /// A metric that a message carries.
    public struct Content: Hashable, Sendable {
        public var metric: Metric
        public var counter: CounterRule?
        public var clock: Clock
        /// It can hold several values.
        public var isList: Bool
        /// What half the last digit is worth, in the metric's unit: a value comes back within it. For decimal floats a
        /// share of the value instead, see `isDecimal`.
        public var resolution: Double
        /// The frame has it as a decimal fraction, whose last digit depends on the value.
        public var isDecimal: Bool
        /// Where a counter runs over, in the metric's unit; `nil` for what does not.
        public var modulus: Double?
        /// What the profile lets pass.
        public var range: ClosedRange<Double>
    }
}

/// What one message is to say.
public struct Utterance: Sendable {
    /// Whether the sensor is where it belongs.
    public enum Fit: Sendable { case worn, lost }

    /// `MessageOutline.index`.
    public var message: Int
    /// One list per content of the outline, empty for what is not to be said. NaN in a list keeps a place empty.
    public var values: [[Double]]
    /// What is said about the sensor, as far as the message can; `nil`: nothing in particular.
    public var fit: Fit?
    /// Signal strength, 0 to 1.
    public var signal: Double?
    /// The device's own time, of the first of several values or, where it only spaces them, of the last. `nil`: now.
    public var time: Timestamp?
    /// From one value to the next, where the message says so.
    public var step: TimeSpan?
    /// What counts up whenever there is news: some profiles take a value only when a number beside it has changed.
    public var news: Int

    public init(
        message: Int, values: [[Double]], fit: Fit? = nil, signal: Double? = nil, time: Timestamp? = nil,
        step: TimeSpan? = nil, news: Int = 0
    ) {
        self.message = message
        self.values = values
        self.fit = fit
        self.signal = signal
        self.time = time
        self.step = step
        self.news = news
    }
}
