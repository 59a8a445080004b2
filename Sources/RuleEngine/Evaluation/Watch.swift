import Vitals

/// The part of a rule that every tick looks at. A class, so that looking at it copies nothing; it never changes.
final class Watch: Sendable {
    enum Occasion: Sendable { case tick, sessionEnd, daily(at: TimeSpan) }

    let when: Program?
    let needs: Program?
    let clear: Program?
    let hold: TimeSpan
    let repeatAfter: TimeSpan
    let dailyLimit: Int
    let hours: LocalHours
    let hasHours: Bool
    let occasion: Occasion
    let isLasting: Bool
    /// Of a rule with `late`: the slots of its opening and its ending condition, where that reads nothing that changes
    /// but daily series; else empty.
    let openingDays: [Int]
    let endingDays: [Int]
    /// Whether it may open again while it is open: alerts do not, what else has a `repeat` does.
    let reopens: Bool
    /// Of the rule's file text.
    let version: UInt64

    init(_ rule: Rule, _ features: [Feature]) {
        when = rule.when?.expression.program
        needs = rule.needs?.expression.program
        clear = rule.clear?.expression.program
        hold = rule.hold
        repeatAfter = rule.repeatAfter
        dailyLimit = rule.dailyLimit
        hours = rule.hours
        hasHours = !rule.hours.isAlways
        occasion = rule.isOnSessionEnd ? .sessionEnd : rule.at.map { .daily(at: $0) } ?? .tick
        isLasting = rule.isLasting
        reopens = rule.kind != .alert && rule.repeatAfter > .zero
        openingDays = rule.late == nil ? [] : rule.when?.days(features) ?? []
        endingDays = rule.late == nil ? [] : (rule.clear ?? rule.when)?.days(features) ?? []
        version = Fingerprint.of([rule.hash, rule.name])
    }
}

extension Rule.Clause {
    /// Whether it reads a daily series.
    func readsDays(_ features: [Feature]) -> Bool { expression.slots.contains { features[$0].isOfDays } }

    /// The slots of its daily series; none when it reads anything else that changes from tick to tick.
    func days(_ features: [Feature]) -> [Int] {
        let changing = expression.slots.filter { slot in
            switch features[slot] {
            case .person, .personHas: false
            default: true
            }
        }
        return changing.allSatisfy { features[$0].isOfDays } ? changing : []
    }
}
