/// The candidate that a misspelt name probably meant.
///
/// The distance is that of Damerau and Levenshtein in its restricted form: insertions, deletions, replacements and
/// swaps of neighbours, no part edited twice, counted in Unicode scalars. A third of the name may be wrong, but one
/// character always. Of equally near candidates the first one wins.
///
/// - Returns: the nearest candidate; `nil` when none is near, or when the name has more than 64 scalars.
/// - Complexity: O(length of the name × length of all candidates together).
/// - Note: R. Lowrance, R. A. Wagner: An Extension of the String-to-String Correction Problem, J. ACM 22 (1975).
public func nearest(_ name: String, in candidates: some Sequence<String>) -> String? {
    let scalars = Array(name.unicodeScalars)
    let longestName = 64
    guard !scalars.isEmpty, scalars.count <= longestName else { return nil }
    var bound = max(1, scalars.count / 3)
    var best: String?
    for candidate in candidates {
        let other = Array(candidate.unicodeScalars.prefix(scalars.count + bound + 1))
        guard abs(other.count - scalars.count) <= bound else { continue }
        let distance = editDistance(scalars, other)
        if distance < bound || (distance == bound && best == nil) {
            (best, bound) = (candidate, distance)
        }
    }
    return best
}

/// The hint for a misspelt name, "did you mean 'heart_rate'?", or `nil` when no candidate is near.
///
/// Complexity: as `nearest(_:in:)`.
public func didYouMean(_ name: String, in candidates: some Sequence<String>) -> String? {
    nearest(name, in: candidates).map { "did you mean '\($0)'?" }
}

private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let isSame = left[row] == right[column]
            var cost = min(last[column] + (isSame ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
