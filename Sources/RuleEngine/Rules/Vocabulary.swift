/// Words that no text of a rule may use (DESIGN §7): vitald is a wellness instrument, not a diagnosis.
///
/// A text says what was measured, for how long, against the person's usual, what is unknown, and one step to take. The
/// list holds what would say more than a measurement can. It is kept in this one file, each group with its reason.
enum Vocabulary {
    struct Group: Sendable {
        /// Why the words are refused; part of the message.
        let reason: String
        /// What to write instead.
        let advice: String
        /// Whole words or phrases, compared without case.
        let english: [String]
        /// Chinese, both scripts: found anywhere, because Chinese does not put spaces between words.
        let chinese: [String]
    }

    static let groups: [Group] = [
        Group(
            reason: "a measurement diagnoses nothing",
            advice: "say what was measured and for how long",
            english: ["diagnose", "diagnosed", "diagnoses", "diagnosing", "diagnosis", "diagnostic"],
            chinese: ["诊断", "确诊", "診斷", "確診"]),
        Group(
            reason: "what is ordinary differs from person to person, and a rule compares with limits",
            advice: "compare with the person's usual instead",
            english: ["normal", "normally", "abnormal", "abnormally", "abnormality", "abnormalities"],
            chinese: ["正常", "异常", "異常", "反常"]),
        Group(
            reason: "nobody can promise that",
            advice: "say what was measured, and what is unknown",
            english: ["safe", "safely", "safety", "unsafe", "harmless", "no danger"],
            chinese: ["安全", "无害", "無害", "没有危险", "沒有危險"]),
        Group(
            reason: "the absence of an alert says nothing about health",
            advice: "say what was measured",
            english: ["healthy", "unhealthy", "in good health"],
            chinese: ["健康"]),
        Group(
            reason: "nobody is promised to be looking",
            advice: "name the step that the reader can take",
            english: [
                "is watching", "are watching", "being watched", "watches over", "watching over", "is monitoring you",
                "under observation",
            ],
            chinese: ["有人看护", "有人監護", "有人监护", "有人看護", "有人在看", "时刻守护", "時刻守護"]),
        Group(
            reason: "a wearable's numbers do not establish a disease",
            advice: "say what was measured: 'high heart rate at rest'",
            english: [
                "afib", "anaemia", "anemia", "angina", "apnea", "apnoea", "arrhythmia", "arrhythmias", "asthma",
                "atrial fibrillation", "atrial flutter", "bradycardia", "cancer", "cardiac arrest", "copd", "covid",
                "covid-19", "depression", "diabetes", "disease", "epilepsy", "fibrillation", "flu", "heart attack",
                "heart block", "heart failure", "hypertension", "hypotension", "infarction", "infection", "influenza",
                "myocarditis", "pneumonia", "seizure", "sepsis", "stroke", "tachycardia",
            ],
            chinese: [
                "心动过速", "心動過速", "心搏过速", "心搏過速", "心跳過速", "心动过缓", "心動過緩", "心搏过缓", "心搏過緩",
                "房颤", "房顫", "心房颤动", "心房顫動", "心房扑动", "心房撲動", "心律失常", "心律不齐", "心律不整",
                "心肌梗死", "心肌梗塞", "心梗", "心绞痛", "心絞痛", "心脏病", "心臟病", "心力衰竭", "心衰", "心臟衰竭",
                "心脏骤停", "心臟驟停", "心肌炎", "高血压", "高血壓", "低血压", "低血壓", "糖尿病", "中风", "中風", "卒中",
                "感染", "流感", "新冠", "肺炎", "败血症", "敗血症", "哮喘", "氣喘", "癫痫", "癲癇", "癌", "贫血", "貧血",
                "呼吸暂停", "呼吸中止", "抑郁症", "憂鬱症", "疾病", "慢阻肺",
            ]),
    ]

    struct Finding {
        var word: String
        var group: Group
        /// UTF-8 bytes from the beginning of the text.
        var offset: Int
    }

    /// The first refused word of a text, placeholders in braces left out.
    ///
    /// Complexity: O(length × words).
    static func firstFinding(in text: String) -> Finding? {
        let bytes = withoutPlaceholders(Array(text.utf8))
        var first: Finding?
        for pattern in patterns {
            guard let offset = find(pattern, in: bytes), offset < first?.offset ?? .max else { continue }
            first = Finding(word: pattern.word, group: pattern.group, offset: offset)
        }
        return first
    }

    /// Lower case, with the placeholders blanked out, byte for byte in the same places.
    private static func withoutPlaceholders(_ text: [UInt8]) -> [UInt8] {
        var inside = false
        return text.map { byte in
            if byte == UInt8(ascii: "{") { inside = true }
            defer { if byte == UInt8(ascii: "}") { inside = false } }
            if inside { return UInt8(ascii: "#") }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") { return UInt8(ascii: " ") }
            return UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
        }
    }

    private struct Pattern {
        let word: String
        let bytes: [UInt8]
        let isWholeWord: Bool
        let group: Group
    }

    private static let patterns: [Pattern] = groups.flatMap { group in
        group.english.map { Pattern(word: $0, bytes: Array($0.utf8), isWholeWord: true, group: group) }
            + group.chinese.map { Pattern(word: $0, bytes: Array($0.utf8), isWholeWord: false, group: group) }
    }

    private static func find(_ pattern: Pattern, in text: [UInt8]) -> Int? {
        let word = pattern.bytes
        guard let head = word.first, text.count >= word.count else { return nil }
        func isLetter(_ index: Int) -> Bool {
            guard text.indices.contains(index) else { return false }
            return UInt8(ascii: "a")...UInt8(ascii: "z") ~= text[index]
        }
        for start in 0...(text.count - word.count) where text[start] == head {
            guard text[start..<start + word.count].elementsEqual(word) else { continue }
            if pattern.isWholeWord, isLetter(start - 1) || isLetter(start + word.count) { continue }
            return start
        }
        return nil
    }
}
