/// The few words that texts need beside what their author wrote, per language.
struct TextWords: Sendable {
    let unknown: String
    let seconds, minutes, hours, days: String

    static let english = TextWords(
        unknown: "unknown", seconds: "s", minutes: "min", hours: "h", days: "days")
    static let simplifiedChinese = TextWords(
        unknown: "未知", seconds: "秒", minutes: "分钟", hours: "小时", days: "天")
    static let traditionalChinese = TextWords(
        unknown: "未知", seconds: "秒", minutes: "分鐘", hours: "小時", days: "天")

    init(unknown: String, seconds: String, minutes: String, hours: String, days: String) {
        self.unknown = unknown
        self.seconds = seconds
        self.minutes = minutes
        self.hours = hours
        self.days = days
    }

    init(language: String) {
        switch language {
        case "zh-Hans": self = .simplifiedChinese
        case "zh-Hant": self = .traditionalChinese
        default: self = .english
        }
    }

    /// Seconds below a minute, minutes below two hours, hours and minutes below two days, then days.
    func duration(milliseconds: Double) -> String {
        let sign = milliseconds < 0 ? "-" : ""
        let total = abs(milliseconds)
        guard total < 1e15 else { return unknown }
        let wholeSeconds = Int64((total / 1000).rounded())
        if wholeSeconds < 60 { return "\(sign)\(wholeSeconds) \(seconds)" }
        let wholeMinutes = Int64((total / 60_000).rounded())
        if wholeMinutes < 120 { return "\(sign)\(wholeMinutes) \(minutes)" }
        if wholeMinutes < 48 * 60 {
            let rest = wholeMinutes % 60
            return "\(sign)\(wholeMinutes / 60) \(hours)" + (rest == 0 ? "" : " \(rest) \(minutes)")
        }
        return "\(sign)\(Int64((total / 86_400_000).rounded())) \(days)"
    }

    /// `09:05`.
    func clock(milliseconds: Double) -> String {
        guard 0...86_400_000 ~= milliseconds else { return unknown }
        let minutes = Int64(milliseconds / 60_000)
        func twoDigits(_ n: Int64) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
    }
}

/// A text in one or several languages.
struct LocalizedText: Sendable {
    /// Languages that texts may have; the first is what a missing one falls back to.
    static let languages = ["en", "zh-Hans", "zh-Hant"]

    /// By language; a text that was written as one string stands under "" and serves all.
    private(set) var templates: [(language: String, template: TextTemplate)] = []

    mutating func append(_ template: TextTemplate, language: String) {
        templates.append((language, template))
    }

    func template(for language: String) -> (language: String, template: TextTemplate)? {
        templates.first { $0.language == language } ?? templates.first { $0.language == "" || $0.language == "en" }
    }

    /// The text for a person who reads `language`.
    func render(_ source: some FeatureSource, language: String) -> String {
        guard let (written, template) = template(for: language) else { return "" }
        return template.render(source, words: TextWords(language: written.isEmpty ? language : written))
    }
}
