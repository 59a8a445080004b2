import Analysis
import Vitals

/// `vitald analyze --cards`: what each derived series measures, needs and cannot tell.
enum AnalyzeCards {
    static func print(on console: Console) {
        for (n, card) in DetectorCard.all.enumerated() {
            if n > 0 { console.out.line("") }
            let names = card.gives.map { "\($0.name) (\($0.unit))" }.joined(separator: ", ")
            console.out.line(console.outTerminal.paint(names, .bold))
            for (word, text) in [
                ("measures", card.measures), ("inputs", card.inputs), ("delay", card.delay), ("needs", card.needs),
                ("limits", card.limits), ("source", card.source),
            ] {
                console.out.line("  \(TextWidth.pad(word, to: 9, right: false)) \(text)")
            }
        }
    }
}
