import Vitals

/// Column names that files are known to use, normalised: lower case, runs of anything but letters and digits as one `_`.
enum KnownColumns {
    /// What a known name means.
    enum Meaning: Equatable {
        /// A full time, or the time of day beside a `date`.
        case time
        case date
        case endTime
        case endDate
        case metric(Metric, ImportOptions.IntervalUnit?)
        /// Measures something, the file does not say what: `--metric` does, else heart rate.
        case value
    }

    static func meaning(of header: String) -> Meaning? {
        let name = normalized(header)
        if let meaning = table[name] { return meaning }
        return Metric(name: name).map { .metric($0, nil) }
    }

    /// Every known name, for did-you-mean.
    static let names: [String] = table.keys.sorted() + Metric.allCases.map(\.name)

    static func normalized(_ header: String) -> String {
        var name = ""
        for scalar in header.unicodeScalars {
            if scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) {
                name += scalar.properties.lowercaseMapping
            } else if !name.isEmpty, !name.hasSuffix("_") {
                name += "_"
            }
        }
        while name.hasSuffix("_") { name.removeLast() }
        return name
    }

    // Fitbit, Apple Health, Garmin and Polar exports, Gadgetbridge's activity table, HRV tools, research data sets.
    // Names of totals since the start of a workout (distance_m) are left out on purpose: read as increments they lie.
    private static let table: [String: Meaning] = {
        var table: [String: Meaning] = [:]
        func add(_ meaning: Meaning, _ names: String) {
            for name in names.split(separator: " ") { table[String(name)] = meaning }
        }
        add(
            .time,
            "time timestamp datetime date_time dateandtime local_time localtime start_time starttime start startdatetime "
                + "recorded_at measured_at measurement_datetime activityminute activityhour epoch unix unixtime unix_time "
                + "unix_timestamp timestamp_ms timestamp_s time_ms time_s time_utc utc ts t when zeit zeitstempel elapsed"
        )
        add(.date, "date day start_date startdate activitydate calendar_date datum")
        add(.endTime, "end_time endtime end enddatetime")
        add(.endDate, "end_date enddate")
        add(
            .metric(.heartRate, nil),
            "heartrate heart_rate hr bpm pulse pulse_rate heart_rate_bpm heartrate_bpm hr_bpm bpm_hr beats_per_minute "
                + "heart_rate_in_beats_per_minute")
        add(.value, "value values")
        add(
            .metric(.rrInterval, nil),
            "rr rri r_r rr_interval rr_intervals rrinterval ibi ibi_interval nn nn_interval interval beat_interval")
        add(.metric(.rrInterval, .milliseconds), "rr_ms ibi_ms nn_ms rri_ms rr_interval_ms rr_intervals_ms interval_ms")
        add(
            .metric(.rrInterval, .seconds), "rr_s rr_sec rr_secs rr_seconds ibi_s ibi_sec nn_s rr_interval_s interval_s"
        )
        add(.metric(.steps, nil), "steps step step_count steps_count stepcount stepstotal step_total number_of_steps")
        add(.metric(.spo2, nil), "spo2 sp_o2 o2 oxygen_saturation blood_oxygen spo2_percent spo2_pct")
        add(
            .metric(.bodyTemperature, nil),
            "temperature temp body_temp body_temperature temperature_c temp_c temperature_celsius body_temperature_c")
        add(.metric(.cadence, nil), "cadence cadence_spm cadence_rpm")
        add(.metric(.speed, nil), "speed_mps speed_m_s speed_ms")
        add(.metric(.power, nil), "watts power_w")
        add(.metric(.weight, nil), "weight_kg body_weight")
        add(.metric(.respirationRate, nil), "respiration breathing_rate respiratory_rate resp_rate")
        add(.metric(.bloodPressureSystolic, nil), "systolic sys bp_systolic")
        add(.metric(.bloodPressureDiastolic, nil), "diastolic dia bp_diastolic")
        add(.metric(.glucose, nil), "glucose_mg_dl")
        return table
    }()

    /// The candidate that differs least from `name`, if by no more than a third of it (Levenshtein's distance).
    static func nearest(_ name: String, in candidates: some Sequence<String>) -> String? {
        let wanted = Array(normalized(name).unicodeScalars.prefix(64))
        guard !wanted.isEmpty else { return nil }
        var best: String?
        var bound = max(1, wanted.count / 3) + 1
        for candidate in candidates {
            let other = Array(candidate.unicodeScalars)
            guard abs(other.count - wanted.count) < bound else { continue }
            var row = Array(0...other.count)
            for (i, scalar) in wanted.enumerated() {
                var diagonal = row[0]
                row[0] = i + 1
                for j in other.indices {
                    let substituted = diagonal + (scalar == other[j] ? 0 : 1)
                    diagonal = row[j + 1]
                    row[j + 1] = min(substituted, min(row[j], diagonal) + 1)
                }
            }
            if row[other.count] < bound { (best, bound) = (candidate, row[other.count]) }
        }
        return best
    }
}
