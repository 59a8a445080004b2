import Vitals

/// The links' outages as episodes: one `source` event when a device is lost, one when it is back.
struct SourceWatch: WireValue {
    /// Open outages by device, with their onset; the store's own failure stands under the person's id.
    private var outages: [DeviceID: Timestamp] = [:]

    init() {}

    init(from reader: inout ByteReader) throws(WireError) {
        for _ in 0..<(try reader.length()) {
            let device: DeviceID = try reader.id()
            outages[device] = try reader.time()
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.list(outages.sorted { $0.key < $1.key }) { writer, outage in
            writer.id(outage.key)
            writer.time(outage.value)
        }
    }

    mutating func change(
        device: Device, state: LinkState, reason: String, at: Timestamp, person: Person
    ) -> Event? {
        let texts = SourceTexts(language: person.language)
        return change(
            device.id, rule: "source:\(device.name)", isUp: state == .connected,
            isDown: state == .lost || state == .silent,
            at: at, person: person, severity: .info, recipients: ["person"],
            down: texts.lost(device.name, reason), up: texts.back(device.name))
    }

    /// A gap that says so: the hub itself was asleep.
    static func slept(_ span: TimeSpan, until at: Timestamp, person: Person) -> Event {
        over("hub:asleep", .info, from: at - span, at, person, SourceTexts(language: person.language).slept)
    }

    /// Something that left the house did not leave it whole.
    static func followerLost(_ name: String, _ commits: Int, at: Timestamp, person: Person) -> Event {
        let message = SourceTexts(language: person.language).followerLost(name, commits)
        return over("hub:follower:\(name)", .notice, from: at, at, person, message)
    }

    /// Samples were measured, and judged, and are not in the store; told to everyone, as damage is.
    static func samplesLost(_ count: Int, at: Timestamp, person: Person) -> Event {
        over("hub:lost", .warning, from: at, at, person, SourceTexts(language: person.language).samplesLost(count))
    }

    /// What is old by a clock that went so far ahead may be new.
    static func clockSet(_ step: TimeSpan, at: Timestamp, person: Person) -> Event {
        let message = SourceTexts(language: person.language).clockSet(days: step.milliseconds / 86_400_000)
        return over("hub:clock", .notice, from: at, at, person, message)
    }

    /// Part of what was stored could not be read; told to everyone, since whose it was is nobody else's business.
    static func damaged(_ reason: String, at: Timestamp, person: Person) -> Event {
        over("hub:damage", .warning, from: at, at, person, SourceTexts(language: person.language).storeDamaged(reason))
    }

    /// What happened, and is over: nothing stays open.
    private static func over(
        _ rule: String, _ severity: Severity, from onset: Timestamp, _ at: Timestamp, _ person: Person,
        _ message: SourceTexts.Message
    ) -> Event {
        Event(
            id: EventID.event(person: person.id, rule: rule, kind: .source, onset: onset, transition: 0),
            person: person.id, kind: .source, phase: .resolved, rule: rule, severity: severity, onset: onset,
            decided: at, transition: 0, title: message.title, text: message.text, recipients: ["person"])
    }

    mutating func storeChanged(works: Bool, reason: String, at: Timestamp, person: Person) -> Event? {
        let texts = SourceTexts(language: person.language)
        return change(
            DeviceID(high: person.id.high, low: person.id.low), rule: "hub:store", isUp: works, isDown: !works, at: at,
            person: person, severity: .warning, recipients: ["person"],
            down: texts.storeFailed(reason), up: texts.storeWorks)
    }

    private mutating func change(
        _ key: DeviceID, rule: String, isUp: Bool, isDown: Bool, at: Timestamp, person: Person, severity: Severity,
        recipients: [String], down: SourceTexts.Message, up: SourceTexts.Message
    ) -> Event? {
        let id = { (onset: Timestamp, transition: Int) in
            EventID.event(person: person.id, rule: rule, kind: .source, onset: onset, transition: transition)
        }
        if isDown, outages[key] == nil {
            outages[key] = at
            return Event(
                id: id(at, 0), person: person.id, kind: .source, phase: .opened, rule: rule, severity: severity,
                onset: at, decided: at, transition: 0, title: down.title, text: down.text, recipients: recipients)
        }
        if isUp, let onset = outages.removeValue(forKey: key) {
            return Event(
                id: id(onset, 1), person: person.id, kind: .source, phase: .resolved, rule: rule, severity: severity,
                onset: onset, decided: at, transition: 1, title: up.title, text: up.text, recipients: recipients,
                causes: [id(onset, 0)])
        }
        return nil
    }
}

/// What source events say, in the person's language.
struct SourceTexts {
    typealias Message = (title: String, text: String)
    let language: String

    func lost(_ device: String, _ reason: String) -> Message {
        switch language {
        case "zh-Hans": ("\(device)：连接中断", "没有来自该传感器的数据（\(reason)）。在恢复之前，情况未知。")
        case "zh-Hant": ("\(device)：連線中斷", "沒有來自該感測器的資料（\(reason)）。恢復之前，情況未知。")
        default: ("\(device): connection lost", "Nothing is known from this sensor until it is back (\(reason)).")
        }
    }

    func back(_ device: String) -> Message {
        switch language {
        case "zh-Hans": ("\(device)：已恢复连接", "该传感器的数据再次到达。")
        case "zh-Hant": ("\(device)：已恢復連線", "該感測器的資料再次到達。")
        default: ("\(device): connected again", "Data from this sensor arrive again.")
        }
    }

    var slept: Message {
        switch language {
        case "zh-Hans": ("中枢曾休眠", "休眠期间没有测量，情况未知。")
        case "zh-Hant": ("中樞曾休眠", "休眠期間沒有測量，情況未知。")
        default: ("The hub was asleep", "Nothing was measured in that time, and nothing is known of it.")
        }
    }

    func followerLost(_ name: String, _ commits: Int) -> Message {
        switch language {
        case "zh-Hans": ("\(name)：数据未被及时取走", "存储为它保留的内容已满，最早的 \(commits) 次提交已删除。它需要重新复制整个存储。")
        case "zh-Hant": ("\(name)：資料未及時取走", "儲存為它保留的內容已滿，最早的 \(commits) 次提交已刪除。它需要重新複製整個儲存。")
        default:
            (
                "\(name): data were not fetched in time",
                "What the store keeps for it was full, and the oldest \(commits) commits went. It has to copy the store anew."
            )
        }
    }

    func samplesLost(_ count: Int) -> Message {
        switch language {
        case "zh-Hans": ("部分数据未能保存", "存储长时间无法写入，内存已满，最早的 \(count) 个测量值已丢弃。请检查磁盘。")
        case "zh-Hant": ("部分資料未能儲存", "儲存長時間無法寫入，記憶體已滿，最早的 \(count) 個測量值已捨棄。請檢查磁碟。")
        default:
            (
                "Part of the data could not be kept",
                "The store could not be written for so long that memory was full, and the oldest \(count) samples went. Please "
                    + "look at the disk."
            )
        }
    }

    func clockSet(days: Int64) -> Message {
        switch language {
        case "zh-Hans": ("中枢的时钟前进了 \(days) 天", "如果现在的日期正确，无需任何操作；一周之内不会删除旧数据。如果不正确，请校正时钟。")
        case "zh-Hant": ("中樞的時鐘前進了 \(days) 天", "如果現在的日期正確，無需任何操作；一週之內不會刪除舊資料。如果不正確，請校正時鐘。")
        default:
            (
                "The hub's clock went \(days) days ahead",
                "If the date is right now, nothing has to be done. Nothing that is too old is removed for a week. If the date "
                    + "is wrong, please set the clock."
            )
        }
    }

    func storeFailed(_ reason: String) -> Message {
        switch language {
        case "zh-Hans": ("无法写入存储", "新数据暂存在内存中（\(reason)）。请检查磁盘。")
        case "zh-Hant": ("無法寫入儲存", "新資料暫存在記憶體中（\(reason)）。請檢查磁碟。")
        default: ("The store cannot be written", "New data wait in memory (\(reason)). Please look at the disk.")
        }
    }

    func storeDamaged(_ reason: String) -> Message {
        switch language {
        case "zh-Hans": ("部分存储数据已损坏", "无法读取的部分已另行保存，其余数据完好（\(reason)）。请检查磁盘和备份。")
        case "zh-Hant": ("部分儲存資料已損壞", "無法讀取的部分已另行保存，其餘資料完好（\(reason)）。請檢查磁碟和備份。")
        default:
            (
                "Part of the stored data is damaged",
                "What cannot be read was put aside; everything else is kept (\(reason)). Please look at the disk and the "
                    + "backups."
            )
        }
    }

    var storeWorks: Message {
        switch language {
        case "zh-Hans": ("存储恢复正常工作", "暂存的数据已写入。")
        case "zh-Hant": ("儲存恢復運作", "暫存的資料已寫入。")
        default: ("The store can be written again", "What waited in memory has been written.")
        }
    }
}
