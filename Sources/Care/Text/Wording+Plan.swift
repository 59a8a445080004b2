import Vitals

extension Wording {
    /// “Friday's run”.
    func session(weekday: Int, activity: String?) -> String {
        let names = choose(
            ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
            ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
            ["週一", "週二", "週三", "週四", "週五", "週六", "週日"])
        let day = names.indices.contains(weekday - 1) ? names[weekday - 1] : "?"
        let activity = activity.map(self.activity) ?? choose("session", "锻炼", "運動")
        return choose("\(day)'s \(activity)", "\(day)的\(activity)", "\(day)的\(activity)")
    }

    private func choose(_ english: [String], _ simplified: [String], _ traditional: [String]) -> [String] {
        switch language {
        case .english: english
        case .simplified: simplified
        case .traditional: traditional
        }
    }

    /// The plain words plans use; a word without a translation stays as it is written.
    private func activity(_ word: String) -> String {
        switch word {
        case "walk": choose("walk", "步行", "步行")
        case "run": choose("run", "跑步", "跑步")
        case "cycle": choose("ride", "骑行", "騎行")
        case "swim": choose("swim", "游泳", "游泳")
        default: word
        }
    }

    /// What a change does: “Friday's run: upper target 70 % → 63 % of reserve; 30 → 25 min.”
    func planEffect(_ name: String, from before: PlannedSession?, to after: PlannedSession?) -> String {
        var effects: [String] = []
        switch (before, after) {
        case (_?, nil): effects.append(choose("rest instead", "改为休息", "改為休息"))
        case (let before?, let after?):
            if before.intensity != after.intensity {
                let (from, to) = (percent(before.intensity.upperBound), percent(after.intensity.upperBound))
                effects.append(
                    choose(
                        "upper target \(from) → \(to) of reserve", "心率储备上限 \(from) → \(to)",
                        "心率儲備上限 \(from) → \(to)"))
            }
            if before.minutes != after.minutes {
                let (from, to) = (number(before.minutes), number(after.minutes))
                effects.append(choose("\(from) → \(to) min", "\(from) → \(to) 分钟", "\(from) → \(to) 分鐘"))
            }
        case (nil, _): break
        }
        if effects.isEmpty {
            effects.append(
                choose(
                    "as it was, other changes for that day are at least as cautious", "不变，当天已有同样或更谨慎的调整",
                    "不變，當天已有同樣或更謹慎的調整"))
        }
        return choose(
            "\(name): \(effects.joined(separator: "; ")).", "\(name)：\(effects.joined(separator: "；"))。",
            "\(name)：\(effects.joined(separator: "；"))。")
    }

    func planAsks(_ effect: String) -> String {
        sentences([
            choose("Proposed:", "建议：", "建議："), effect,
            choose("Nothing changes unless it is accepted.", "未经同意不作任何更改。", "未經同意不作任何更改。"),
        ])
    }

    func planNothingAhead(_ horizon: TimeSpan) -> String {
        let hours = horizon.milliseconds / 3_600_000
        return choose(
            "No session is planned within \(hours) h, so nothing changes.", "\(hours) 小时内没有计划的锻炼，因此不作更改。",
            "\(hours) 小時內沒有計畫的運動，因此不作更改。")
    }

    func planAccepted(by actor: String) -> String {
        actor.isEmpty
            ? choose("Accepted.", "已同意。", "已同意。")
            : choose("Accepted by \(actor).", "\(actor) 已同意。", "\(actor) 已同意。")
    }

    func planDeclined(by actor: String) -> String {
        let kept = choose("the plan is as it was.", "计划保持不变。", "計畫保持不變。")
        return actor.isEmpty
            ? choose("Declined: ", "已拒绝：", "已拒絕：") + kept
            : choose("Declined by \(actor): ", "\(actor) 已拒绝：", "\(actor) 已拒絕：") + kept
    }

    func planDone(_ name: String) -> String {
        choose(
            "\(name) took place; the change ends with it.", "\(name)已完成；此调整随之结束。", "\(name)已完成；此調整隨之結束。")
    }

    func planLapsed(_ name: String) -> String {
        choose(
            "\(name) did not take place as far as was measured; the change ends with its day.",
            "未测得\(name)；此调整随当天结束。", "未測得\(name)；此調整隨當天結束。")
    }

    func planOvertaken(_ name: String) -> String {
        choose(
            "\(name) took place before an answer; nothing was changed.", "\(name)在答复之前已进行；未作任何更改。",
            "\(name)在答覆之前已進行；未作任何更改。")
    }

    func planUnanswered(_ name: String) -> String {
        choose(
            "No answer by the end of the day of \(name); nothing was changed.", "至\(name)当天结束未获答复；未作任何更改。",
            "至\(name)當天結束未獲答覆；未作任何更改。")
    }

    /// A bound that cut a change back, as a clause.
    func guardrail(_ guardrail: Guardrails.Guardrail) -> String {
        switch guardrail {
        case .maxIntensity(let limit):
            choose(
                "held at \(percent(limit)) of reserve, the clinician's limit", "不超过医护人员设定的心率储备 \(percent(limit))",
                "不超過醫護人員設定的心率儲備 \(percent(limit))")
        case .maxHeartRate(let limit):
            choose(
                "never above \(number(limit)) bpm, the clinician's limit", "不超过医护人员设定的每分钟 \(number(limit)) 次",
                "不超過醫護人員設定的每分鐘 \(number(limit)) 次")
        case .weeklyIncrease(let limit):
            choose(
                "held to \(percent(limit)) more load in a week, the clinician's limit",
                "每周负荷增幅不超过医护人员设定的 \(percent(limit))", "每週負荷增幅不超過醫護人員設定的 \(percent(limit))")
        case .leastIntensity:
            choose(
                "not eased below \(percent(Guardrails.leastIntensity)) of reserve",
                "不低于心率储备的 \(percent(Guardrails.leastIntensity))", "不低於心率儲備的 \(percent(Guardrails.leastIntensity))")
        case .leastMinutes:
            choose(
                "not shortened below \(number(Guardrails.leastMinutes)) min",
                "不短于 \(number(Guardrails.leastMinutes)) 分钟", "不短於 \(number(Guardrails.leastMinutes)) 分鐘")
        case .wholeReserve:
            choose("held at the whole reserve", "不超过全部心率储备", "不超過全部心率儲備")
        }
    }
}
