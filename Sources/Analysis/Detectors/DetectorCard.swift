import Vitals

/// What a detector tells of itself to people: shown by `vitald analyze --cards`.
public struct DetectorCard: Sendable, Hashable {
    /// Word of its checkpoint (`detector/<name>`); that of its first series.
    public var name: String
    /// Raised with every change that makes other values or another state.
    public var version: Int
    /// The series it makes.
    public var gives: [Metric]
    /// The metrics it follows: what must be given again where its values are made anew.
    public var reads: [Metric]
    /// How far back what it says depends on what it was given.
    public var memory: Memory
    /// What the values mean, in one sentence.
    public var measures: String
    /// Metrics and facts it reads.
    public var inputs: String
    /// How long after the fact a value is there.
    public var delay: String
    /// Paper or rule it follows.
    public var source: String
    /// Below what it says nothing.
    public var needs: String
    /// What it cannot tell.
    public var limits: String

    public init(
        name: String, version: Int, gives: [Metric], reads: [Metric], memory: Memory, measures: String, inputs: String,
        delay: String, source: String,
        needs: String, limits: String
    ) {
        self.name = name
        self.version = version
        self.gives = gives
        self.reads = reads
        self.memory = memory
        self.measures = measures
        self.inputs = inputs
        self.delay = delay
        self.source = source
        self.needs = needs
        self.limits = limits
    }

    /// How far a detector looks back.
    public enum Memory: Sendable, Hashable {
        /// What lies further back than so many days changes nothing any more.
        case days(Int64)
        /// A sum over all that ever came (a running mean, a baseline that days join one by one).
        case everything
    }

    /// Of every detector, in the order in which they run.
    public static var all: [DetectorCard] {
        struct Cards: DetectorVisitor {
            var cards: [DetectorCard] = []
            mutating func visit<D: Detector>(_: inout HeldDetector<D>) { cards.append(D.card) }
        }
        var pass = Cards()
        var detectors = Detectors()
        detectors.visit(&pass)
        return pass.cards
    }
}
