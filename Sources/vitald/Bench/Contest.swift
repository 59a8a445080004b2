/// Several pieces of work that are compared: run in turn, again and again, so that what disturbs the machine disturbs all.
struct Contest {
    /// One of them. `run` does a piece and times the part that counts.
    struct Entry {
        var name: String
        var run: () throws -> Lap
    }

    /// A repetition takes at least so long on the wall: the clock counts milliseconds.
    private static let shortest = 0.2
    /// For a median and a range worth their names.
    private static let fewest = 5
    private static let most = 200

    /// Runs every entry in turn until each has been timed for `seconds` and at least five times, after a warm-up.
    ///
    /// - Returns: for each entry its repetitions.
    static func run(_ entries: [Entry], seconds: Double, progress: (String) -> Void) throws -> [[Lap]] {
        var results: [[Lap]] = Array(repeating: [], count: entries.count)
        // The warm-up also tells how many pieces make a repetition.
        var pieces: [Int] = []
        for entry in entries {
            progress("\(entry.name): warming up")
            var warm = try entry.run()
            var count = 1
            while warm.wall < shortest {
                warm = warm + (try entry.run())
                count += 1
            }
            pieces.append(count)
        }
        while true {
            for (index, entry) in entries.enumerated() {
                progress("\(entry.name): repetition \(results[index].count + 1)")
                var lap = Lap()
                for _ in 0..<pieces[index] { lap = lap + (try entry.run()) }
                results[index].append(lap)
            }
            let isDone = results.allSatisfy { laps in
                laps.count >= fewest && (laps.count >= most || laps.reduce(0) { $0 + $1.wall } >= seconds)
            }
            if isDone { return results }
        }
    }
}
