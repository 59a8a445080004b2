import Testing
import Vitals

@testable import Links

@Suite("Who is connected when") struct LinkPlanTests {
    static let one: [(index: UInt16, address: BluetoothAddress?)] = [(0, .own)]

    static func device(_ n: Int) -> DeviceID { DeviceID(high: 1, low: UInt64(n)) }

    static func plan(_ count: Int, settings: LinkPlan.Settings = .init(), seed: UInt64 = 1) -> LinkPlan {
        var plan = LinkPlan(settings: settings, seed: seed)
        for n in 0..<count {
            plan.add(
                LinkPlan.Entry(
                    device: device(n), peer: .address(number: BluetoothAddress.numbered(n).number, kind: .random),
                    isListener: false))
        }
        return plan
    }

    /// Chance for tests, the same in each run.
    struct Dice {
        var state: UInt64
        mutating func roll(_ sides: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % sides
        }
    }

    @Test(
        "never more links than slots, never before its time, and a slot goes to who has waited longest",
        arguments: [1, 2, 3, 4, 5] as [UInt64])
    func properties(seed: UInt64) {
        let count = 12
        var plan = Self.plan(count, seed: seed)
        var dice = Dice(state: seed)
        var notBefore = [Int64](repeating: .min, count: count)
        var calls: [Int: (start: Int64, isCancelled: Bool, isUp: Bool)] = [:]
        var attempts = [Int](repeating: 0, count: count)
        var most = 0
        var early = 0
        var unfair = 0
        for now in stride(from: Int64(0), to: 3_600_000, by: 500) {
            for decision in plan.decide(on: Self.one, at: now) {
                switch decision {
                case .connect(let device, _, _, _):
                    let n = Int(device.low)
                    if now < notBefore[n] || calls[n] != nil { early += 1 }
                    calls[n] = (now, false, false)
                    attempts[n] += 1
                    if (0..<count).contains(where: { calls[$0] == nil && notBefore[$0] < notBefore[n] }) { unfair += 1 }
                case .cancel(let device): calls[Int(device.low)]?.isCancelled = true
                }
            }
            most = max(most, calls.count)
            for (n, call) in calls.sorted(by: { $0.key < $1.key }) {
                var end: LinkPlan.End?
                if call.isUp {
                    end = dice.roll(200) == 0 ? .lost : nil
                } else if call.isCancelled {
                    end = .cancelled
                } else {
                    switch dice.roll(100) {
                    case 0..<2: end = .failed
                    case 2: end = .held
                    case 3..<6:
                        plan.opened(Self.device(n), at: now)
                        calls[n]?.isUp = true
                    default: end = now - call.start >= plan.settings.patience ? .absent : nil
                    }
                }
                guard let end else { continue }
                calls[n] = nil
                notBefore[n] = plan.ended(Self.device(n), end, at: now)
                if notBefore[n] < now { early += 1 }
            }
        }
        #expect(most == plan.settings.slots)
        #expect(early == 0)
        #expect(unfair == 0)
        #expect(attempts.allSatisfy { $0 > 10 })
    }

    @Test("pauses double with each failure up to the longest, and are spread by at most half")
    func backoff() {
        var plan = Self.plan(1)
        let settings = plan.settings
        var now: Int64 = 0
        var wanted = settings.firstPause
        var seen: Set<Int64> = []
        for _ in 0..<12 {
            #expect(plan.decide(on: Self.one, at: now).count == 1)
            let until = plan.ended(Self.device(0), .failed, at: now)
            let pause = until - now
            #expect(pause >= wanted && pause <= wanted * 3 / 2)
            seen.insert(pause * 1000 / wanted)
            #expect(plan.decide(on: Self.one, at: until - 1).isEmpty)
            now = until
            wanted = min(wanted * 2, settings.longestPause)
        }
        #expect(seen.count > 6)
    }

    @Test("a link that was up for a while begins with the shortest pause again")
    func stable() {
        var plan = Self.plan(1)
        var now: Int64 = 0
        for _ in 0..<8 {
            _ = plan.decide(on: Self.one, at: now)
            now = plan.ended(Self.device(0), .failed, at: now)
        }
        _ = plan.decide(on: Self.one, at: now)
        plan.opened(Self.device(0), at: now)
        now += plan.settings.stable
        let until = plan.ended(Self.device(0), .lost, at: now)
        #expect(until - now <= plan.settings.firstPause * 3 / 2)
    }

    @Test("the same seed gives the same pauses, another seed others")
    func seeds() {
        func pauses(_ seed: UInt64) -> [Int64] {
            var plan = Self.plan(1, seed: seed)
            return (0..<10).map { _ in
                _ = plan.decide(on: Self.one, at: .max / 2)
                return plan.ended(Self.device(0), .failed, at: 0)
            }
        }
        #expect(pauses(1) == pauses(1))
        #expect(pauses(1) != pauses(2))
    }

    @Test("a device that is heard takes the slot of one that is waited for in vain")
    func heardFirst() {
        var settings = LinkPlan.Settings()
        settings.slots = 1
        var plan = Self.plan(2, settings: settings)
        #expect(
            plan.decide(on: Self.one, at: 0) == [.connect(Self.device(0), .numbered(0), adapter: 0, patience: 60_000)])
        #expect(plan.decide(on: Self.one, at: 1000).isEmpty)
        var advertiser = Advertiser(address: .numbered(1), heard: 2000, adapter: 0)
        advertiser.strength = -50
        plan.heard(Self.device(1), advertiser, at: 2000)
        #expect(plan.decide(on: Self.one, at: 2000) == [.cancel(Self.device(0))])
        plan.ended(Self.device(0), .cancelled, at: 2100)
        #expect(
            plan.decide(on: Self.one, at: 2100).first
                == .connect(Self.device(1), .numbered(1), adapter: 0, patience: 60_000))
    }

    @Test("a link that is up is never taken down for another")
    func upStays() {
        var settings = LinkPlan.Settings()
        settings.slots = 1
        var plan = Self.plan(2, settings: settings)
        _ = plan.decide(on: Self.one, at: 0)
        plan.opened(Self.device(0), at: 10)
        let advertiser = Advertiser(address: .numbered(1), heard: 2000, adapter: 0)
        plan.heard(Self.device(1), advertiser, at: 2000)
        for now in stride(from: Int64(2000), to: 1_000_000, by: 1000) {
            #expect(plan.decide(on: Self.one, at: now).isEmpty)
        }
    }

    @Test("a device of unknown address is listened for, and not before it was heard connected")
    func search() {
        var plan = LinkPlan(seed: 1)
        plan.add(LinkPlan.Entry(device: Self.device(0), peer: .advertised("HR"), isListener: false))
        #expect(plan.demand(at: 0) != .none)
        #expect(plan.decide(on: Self.one, at: 0).isEmpty)
        plan.heard(Self.device(0), Advertiser(address: .strap, heard: 5, adapter: 0), at: 5)
        #expect(plan.decide(on: Self.one, at: 5).count == 1)
        #expect(plan.demand(at: 5) == .none)
    }

    @Test("devices only listened to are never connected, and keep discovery running")
    func listeners() {
        var plan = LinkPlan(seed: 1)
        plan.add(LinkPlan.Entry(device: Self.device(0), peer: .auto, isListener: true))
        plan.heard(Self.device(0), Advertiser(address: .strap, heard: 5, adapter: 0), at: 5)
        #expect(plan.decide(on: Self.one, at: 5).isEmpty)
        #expect(plan.demand(at: 5) == .constant)
    }

    @Test("a device that the kernel has a link to is tried, though it does not advertise and its kind is not known")
    func linked() {
        var plan = LinkPlan(seed: 1)
        plan.add(
            LinkPlan.Entry(
                device: Self.device(0), peer: .address(number: BluetoothAddress.strap.number, kind: nil),
                isListener: false))
        plan.linked(.numbered(7), adapter: 0)
        #expect(plan.decide(on: Self.one, at: 0).isEmpty)
        plan.linked(.strap, adapter: 0)
        #expect(plan.decide(on: Self.one, at: 1) == [.connect(Self.device(0), .strap, adapter: 0, patience: 60_000)])
    }

    @Test("waiting ends with the adapter that is waited on, and begins anew with the next")
    func adapterGone() {
        var plan = Self.plan(2)
        #expect(plan.decide(on: Self.one, at: 0).count == 2)
        plan.opened(Self.device(1), at: 10)
        // What is up is ended by the kernel; what waits would wait on.
        #expect(plan.decide(on: [], at: 20) == [.cancel(Self.device(0))])
        plan.ended(Self.device(0), .cancelled, at: 30)
        #expect(plan.decide(on: [], at: 40).isEmpty)
        #expect(
            plan.decide(on: Self.one, at: 50) == [
                .connect(Self.device(0), .numbered(0), adapter: 0, patience: 60_000)
            ])
    }

    @Test("a bonded device is connected by the adapter it was paired with, and by no other")
    func bonded() {
        var plan = Self.plan(1)
        plan.bonded([Bond(address: .numbered(0), adapter: .other, name: nil, since: Timestamp(milliseconds: 0))])
        #expect(plan.decide(on: Self.one, at: 0).isEmpty)
        #expect(
            plan.decide(on: [(0, .own), (1, .other)], at: 0).first
                == .connect(Self.device(0), .numbered(0), adapter: 1, patience: 60_000))
    }

    @Test("waited for in vain by one adapter, a device is waited for by the next, and where it was heard at once")
    func turnsOfAdapters() {
        let two: [(index: UInt16, address: BluetoothAddress?)] = [(0, .own), (1, .other)]
        var plan = Self.plan(1)
        let device = Self.device(0)
        let patience = LinkPlan.Settings().shortPatience
        // Only one is there at first: nobody knows that the device is near the other.
        var adapters: [UInt16] = []
        for now in stride(from: Int64(0), through: 4 * patience, by: 500) {
            for decision in plan.decide(on: now == 0 ? Self.one : two, at: now) {
                switch decision {
                case .connect(_, _, let adapter, _): adapters.append(adapter)
                case .cancel: plan.ended(device, .cancelled, at: now)
                }
            }
        }
        #expect(adapters == [0, 1, 0, 1])
        let found = Advertiser(address: .numbered(0), heard: 4 * patience + 1000, adapter: 1)
        plan.ended(device, .absent, at: 4 * patience + 500)
        plan.heard(device, found, at: 4 * patience + 1000)
        var later: [UInt16] = []
        for now in stride(from: 4 * patience + 1000, through: 4 * patience + 5000, by: 500) {
            for case .connect(_, _, let adapter, _) in plan.decide(on: two, at: now) { later.append(adapter) }
        }
        #expect(later == [1])
    }
}

@Suite("Names of Bluetooth devices") struct PeerNameTests {
    @Test("an address with or without its kind, an advertised name, or auto")
    func spellings() throws {
        let number = BluetoothAddress.strap.number
        #expect(try PeerName("C0:11:22:33:44:55") == .address(number: number, kind: nil))
        #expect(try PeerName("c0:11:22:33:44:55 random") == .address(number: number, kind: .random))
        #expect(try PeerName("name:Polar H10 9A2B1C2D") == .advertised("Polar H10 9A2B1C2D"))
        #expect(try PeerName("auto") == .auto)
        for wrong in ["", "C0:11:22:33:44", "C0:11:22:33:44:5G", "name:", "C0:11:22:33:44:55 static", "/dev/ttyUSB0"] {
            #expect(throws: LinkError.self) { try PeerName(wrong) }
        }
    }
}
