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
    /// Whether it may open again while it is open: alerts do not, what else has a `repeat` does.
    let reopens: Bool
    /// Of the rule's file text.
    let version: UInt64

    init(_ rule: Rule) {
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
        version = Fingerprint.of([rule.hash, rule.name])
    }
}
