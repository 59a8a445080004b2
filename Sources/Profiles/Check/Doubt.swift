/// What a profile may say, but hardly means: for `vitald check` to mention, since no vector can show it.
extension Profile {
    /// In words, in the order of inputs.
    public func doubts() -> [String] {
        guard transport == .ble, !hasDriver else { return [] }
        let heard = Set((connect + live.start + (poll + keepAlive).flatMap(\.steps)).flatMap(\.sources))
        return inputs.sorted { $0.key < $1.key }.compactMap { name, source in
            guard case .characteristic(let characteristic) = source, !heard.contains(characteristic) else { return nil }
            return "input '\(name)' hears \(characteristic), which no step subscribes to or reads"
        }
    }
}

extension Step {
    /// The characteristics whose bytes it brings.
    fileprivate var sources: [BluetoothUUID] {
        switch self {
        case .read(let source, _), .subscribe(let source, _), .indicate(let source, _): [source]
        case .ifOption(_, let step), .forEachDay(_, let step), .ask(let step, _): step.sources
        case .send, .wait, .write, .command, .driver: []
        }
    }
}
