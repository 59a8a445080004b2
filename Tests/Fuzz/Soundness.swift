import Profiles

/// What holds for everything that any decoder gives.
enum Soundness {
    static func complaint(about decoded: Decoded) -> String? {
        for reading in decoded.readings where !reading.value.isFinite { return "\(reading) is no number" }
        for status in decoded.statuses {
            switch status {
            case .contact(let level), .signal(let level):
                if !(0...1).contains(level) { return "\(status) is no level" }
            case .worn, .diagnostic: break
            }
        }
        return nil
    }
}
