import Vitals

/// How profiles may spell the unit of a metric.
///
/// Only other names of the same unit: a profile scales raw numbers itself, with `scale`.
enum UnitSpelling {
    /// Spelling → UCUM.
    static let table: [String: String] = [
        "bpm": "/min", "1/min": "/min", "rpm": "/min", "spm": "/min", "count": "1", "steps": "1", "enum": "{code}",
        "µV": "uV", "μV": "uV", "°C": "Cel", "degC": "Cel", "mmHg": "mm[Hg]", "percent": "%",
    ]

    /// Whether a spelling stands for the metric's unit.
    static func fits(_ spelling: String, _ metric: Metric) -> Bool { (table[spelling] ?? spelling) == metric.unit }

    /// All spellings of a metric's unit, the UCUM one first.
    static func spellings(of metric: Metric) -> [String] {
        [metric.unit] + table.filter { $0.value == metric.unit }.map(\.key).sorted()
    }
}
