import Vitals

/// The sentences Care itself adds to the texts of rules, in a person's language.
///
/// They say what happened and what it changes, nothing more: no finding, no reassurance.
struct Wording: Sendable {
    enum Language: Sendable { case english, simplified, traditional }

    let language: Language

    /// `zh-Hans` and `zh-Hant` (also with a region after them) are known; anything else reads English.
    init(language: String) {
        self.language =
            language.hasPrefix("zh-Hant") ? .traditional : language.hasPrefix("zh") ? .simplified : .english
    }

    func choose(_ english: String, _ simplified: String, _ traditional: String) -> String {
        switch language {
        case .english: english
        case .simplified: simplified
        case .traditional: traditional
        }
    }

    /// Joins what is not empty, with a space where the language puts one.
    func sentences(_ parts: [String]) -> String {
        parts.filter { !$0.isEmpty }.joined(separator: choose(" ", "", ""))
    }

    /// A clause as a sentence of its own.
    func sentence(_ clause: String) -> String {
        guard language == .english else { return clause + "。" }
        return clause.prefix(1).uppercased() + clause.dropFirst() + "."
    }

    // MARK: Alerts

    func resolved(_ title: String) -> String { choose("Resolved: ", "已解除：", "已解除：") + title }
    func acknowledged(_ title: String) -> String { choose("Acknowledged: ", "已确认：", "已確認：") + title }
    func expired(_ title: String) -> String { choose("Expired: ", "已过期：", "已過期：") + title }

    func resolvedText(since clock: String, lasted: TimeSpan) -> String {
        let length = span(lasted)
        return choose(
            "No longer so since \(clock), \(length) after it began.",
            "自 \(clock) 起已不再如此，距开始 \(length)。",
            "自 \(clock) 起已不再如此，距開始 \(length)。")
    }

    func acknowledgedText(by actor: String, comment: String) -> String {
        let who =
            actor.isEmpty
            ? choose("Acknowledged", "已确认", "已確認")
            : choose("Acknowledged by \(actor)", "\(actor) 已确认", "\(actor) 已確認")
        return comment.isEmpty
            ? who + choose(".", "。", "。") : who + choose(": “\(comment)”", "：“\(comment)”", "：「\(comment)」")
    }

    func withdrawnText() -> String {
        choose(
            "The rule behind it was switched off. Whether it still holds is not known.",
            "相关规则已停用。目前是否仍然如此，无从得知。", "相關規則已停用。目前是否仍然如此，無從得知。")
    }

    func expiredText(after: TimeSpan) -> String {
        let length = span(after)
        return choose(
            "Open for \(length) without an end being measured. It is closed here; what is measured next may open it anew.",
            "已持续 \(length)，未测得结束。现予关闭；之后的测量可能再次触发。",
            "已持續 \(length)，未測得結束。現予關閉；之後的測量可能再次觸發。")
    }

    // MARK: Numbers

    /// A length of time in its two largest units, whole minutes at least.
    func span(_ span: TimeSpan) -> String {
        let minutes = max(0, span.milliseconds) / 60_000
        let day = choose(minutes / 1440 == 1 ? "day" : "days", "天", "天")
        let hour = choose("h", "小时", "小時")
        let minute = choose("min", "分钟", "分鐘")
        func pair(_ a: Int64, _ aUnit: String, _ b: Int64, _ bUnit: String) -> String {
            b == 0 ? "\(a) \(aUnit)" : "\(a) \(aUnit) \(b) \(bUnit)"
        }
        if minutes >= 1440 { return pair(minutes / 1440, day, minutes % 1440 / 60, hour) }
        if minutes >= 60 { return pair(minutes / 60, hour, minutes % 60, minute) }
        return "\(minutes) \(minute)"
    }

    /// At most one decimal, none where it would be 0.
    func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "–" }
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let whole = "\(sign)\(abs(tenths) / 10)"
        return tenths % 10 == 0 ? whole : "\(whole).\(abs(tenths) % 10)"
    }

    func percent(_ share: Double) -> String { number(share * 100) + " %" }
}
