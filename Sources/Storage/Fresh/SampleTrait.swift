/// All of a stored sample but its time and its value: what hardly changes from one to the next.
struct SampleTrait: Equatable {
    /// Milliseconds from its time to when it was received; wraps for times of centuries apart, and wraps back.
    var delay: Int64 = 0
    var span: UInt32 = 0
    var quality: UInt8 = 0
    var revision: UInt8 = 0
}
