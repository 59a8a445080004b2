import Vitals

/// Something that follows a person's samples and now and then says a value of a derived series (DESIGN §7).
///
/// **To add one**: a struct in a file of its own under `Detectors/` that conforms to this protocol, a line in
/// `Detectors` (a property, and a line in `visit`), and its card. Storing, revisions, checkpoints, deadlines, features,
/// rules, `vitald query`, `vitald analyze --series` and `--cards` follow from that.
///
/// A detector is a function of the samples it is given and of its closings: no clock, no randomness, no other state.
/// - Samples come in the order of the path: by tick, then time, metric and source; the merged view of all devices, and
///   only what features may use (`Quality.unusable` never comes). Late ones come too, marked, of the last 24 hours.
///   Daily values, derived or imported, come as they are put: a detector of daily series waits for those.
/// - Once its `deadline` has come it is closed, at that tick or the next one that is closed, until the deadline lies in
///   the future. It says what it found as `DerivedValue`s. Cost per sample must be O(1): ten thousand people wear their
///   sensors at once.
/// - Its state is saved a quarter of an hour behind at most, and what it was given since is given to it again after a
///   restart; so it may change with every sample without being written with every commit. Then it must go on bit for
///   bit. Changing anything in place means `isChanged = true`.
/// - *Not enough data* is said by saying nothing. What is said stays said: a later closing may give the same day's value
///   again (late data), which is stored with a higher revision.
protocol Detector: Sendable {
    /// What people read of it. Its `version` is also that of the state: of another version a state is dropped, and the
    /// detector begins anew from stored samples.
    static var card: DetectorCard { get }

    init()

    /// Whether the state differs from the one last written.
    var isChanged: Bool { get set }

    /// The pane end (ms since 1970) at which it wants to be closed though nothing arrives; `nil`: only when something
    /// new came. A deadline that lies behind is due now.
    var deadline: Int64? { get }

    /// Takes one sample of the merged view, or a daily value.
    mutating func take(_ sample: Sample, _ arrival: Arrival)

    /// Says what is due at `now.tick`.
    mutating func close(_ now: DetectorTick, into found: inout [DerivedValue])

    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(WireError)
}

/// How a sample came to a detector.
struct Arrival: Sendable {
    /// The pane end at which it was applied.
    var tick: Int64
    /// It came after its pane was closed: it may complete a day, and decides nothing.
    var isLate: Bool
    /// Milliseconds for which a level or beat of its source holds (2.5 × its cadence).
    var hold: Int64
    /// Milliseconds between its values; 0 while that is not known.
    var cadence: Int64 = 0
    /// The person's local day of the sample's time.
    var day: DaySpan
}

/// What a detector sees when it is closed.
struct DetectorTick: Sendable {
    /// Pane end, in ms since 1970: everything received for panes before it was given.
    var tick: Int64
    var zone: Zone
    var body: Body
    var load = LoadFormula.banister
    /// Minute panes of the last 24 hours, timely and late.
    var view: SessionView
    /// Values of the daily series of the last 92 days.
    var daily: DailyValues
    /// The session completed at this tick.
    var session: ExerciseSession?
}

/// A value of a derived series.
public struct DerivedValue: Sendable, Hashable {
    public var metric: Metric
    public var value: Double
    /// When it was true. Of a daily series: a moment within its local day. Of others: not after the tick; a value that
    /// rules are to see is stamped with the tick itself.
    public var time: Int64
    /// Milliseconds before `time` of the moment it speaks of, where a detector knows only later. Not of daily series.
    public var span: UInt32 = 0
    /// It was told before, of the same time, and is another one now. Of series that are not daily: rules keep what they
    /// read, and the store gets it when windows are no longer rebuilt from that time. (Of daily ones the value tells.)
    public var isCorrection = false
}
