import Vitals

extension Configured {
    /// People and devices under the ids the store knows their names by; new names get random ids.
    ///
    /// People write short names, which are unique in a household only: ids of live stores are random, so that stores of
    /// many homes can be merged. An id that the configuration itself names stays.
    func identified(in store: any Store) throws(StoreError) -> Configured {
        let knownPeople = Dictionary(
            try store.people().map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        let knownDevices = Dictionary(
            try store.devices().map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        var identified = self
        for i in people.indices where people[i].id == PersonID(derivedFrom: people[i].name) {
            identified.people[i].id = knownPeople[people[i].name] ?? .random()
        }
        for i in devices.indices where devices[i].id == DeviceID(derivedFrom: devices[i].name) {
            identified.devices[i].id = knownDevices[devices[i].name] ?? .random()
        }
        let personIDs = Dictionary(
            zip(people.map(\.id), identified.people.map(\.id)), uniquingKeysWith: { first, _ in first })
        let deviceIDs = Dictionary(
            zip(devices.map(\.id), identified.devices.map(\.id)), uniquingKeysWith: { first, _ in first })
        for i in assignments.indices {
            identified.assignments[i].person = personIDs[assignments[i].person] ?? assignments[i].person
            identified.assignments[i].device = deviceIDs[assignments[i].device] ?? assignments[i].device
        }
        return identified
    }
}
