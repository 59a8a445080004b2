import Vitals

/// One pass of the seal: the samples of the journal up to a commit go to rest in chunks, series by series, and then those rows
/// of the journal go. In slices, so that no commit waits for it; a pass that is cut off is begun anew and finds what rests
/// already the same.
struct SealPass {
    /// The last commit whose samples it takes.
    let last: UInt64
    /// When it was marked, by the hub clock.
    let marked: Timestamp
    /// How many of each series' fresh samples it takes, by place.
    var counts: [Int]
    /// The series it comes to next; beyond the last one only rows are left to remove.
    var place = 0

    var isTrimming: Bool { place >= counts.count }
}
