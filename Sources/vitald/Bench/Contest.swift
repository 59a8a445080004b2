/// Several pieces of work that are compared: run in turn, again and again, so that what disturbs the machine disturbs all.
struct Contest {
    /// One of them. `run` does a piece and times the part that counts.
    struct Entry {
        var name: String
        var run: () throws -> Lap
    }

    /// How long each is timed.
    struct Length {
        /// All its repetitions together, at least.
        var seconds: Double
        /// A repetition on the wall, at least: the clock counts milliseconds.
        var shortest = 0.2
        /// For a median and a range worth their names.
        var fewest = 5

        static let quick = Length(seconds: 0, shortest: 0, fewest: 1)
    }

    private static let most = 200

    /// Runs every entry in turn until each has been timed for long and often enough, after a warm-up.
    ///
    /// - Returns: for each entry its repetitions.
    static func run(_ entries: [Entry], _ length: Length, progress: (String) -> Void) throws -> [[Lap]] {
        var results: [[Lap]] = Array(repeating: [], count: entries.count)
        // The warm-up also tells how many pieces make a repetition.
        var pieces: [Int] = []
        for entry in entries {
            progress("\(entry.name): warming up")
            var warm = try entry.run()
            var count = 1
            while warm.wall < length.shortest {
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
                laps.count >= length.fewest
                    && (laps.count >= most || laps.reduce(0) { $0 + $1.wall } >= length.seconds)
            }
            if isDone { return results }
        }
    }
}
