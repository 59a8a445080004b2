import Dispatch
import Glibc
import Profiles
import Simulator
import Synchronization
import Testing
import Vitals

@testable import Links

/// A crash here is a crash of the whole test run: what is proven is that there is none.
@Suite("Watched descriptors", .serialized) struct DescriptorWatchTests {
    /// One end of a pair of sockets, watched on a queue of its own until the other end is gone.
    final class Watched: @unchecked Sendable {
        // @unchecked: the watch is set before the other end is closed, and cancelled on the queue afterwards.
        var watch: DescriptorWatch?
        let far: Int32
        private let ended: DispatchGroup

        init?(_ number: Int, released: DispatchGroup, ended: DispatchGroup) {
            var ends: [Int32] = [-1, -1]
            guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
                return nil
            }
            far = ends[1]
            self.ended = ended
            ended.enter()
            let near = ends[0]
            watch = DescriptorWatch(
                near, .reading, queue: DispatchQueue(label: "watched \(number)"), released: released,
                release: { _ = close($0) }, handler: { [weak self] in self?.drain(near) })
        }

        private func drain(_ near: Int32) {
            // Blocks of the size that dispatch keeps for a descriptor, as handlers allocate them all the time.
            var blocks: [UnsafeMutableRawPointer] = []
            for _ in 0..<8 {
                let block = UnsafeMutableRawPointer.allocate(byteCount: 48, alignment: 8)
                memset(block, 0x41, 48)
                blocks.append(block)
            }
            defer { for block in blocks { block.deallocate() } }
            var byte: UInt8 = 0
            while true {
                let size = recv(near, &byte, 1, Int32(MSG_DONTWAIT))
                if size > 0 { continue }
                if size < 0, errno == EAGAIN { return }
                break
            }
            guard watch != nil else { return }
            watch?.cancel()
            watch = nil
            ended.leave()
        }
    }

    @Test("hundreds of connections that end at once are released, each once") func hangUps() throws {
        for round in 0..<15 {
            let released = DispatchGroup()
            let ended = DispatchGroup()
            let all = (0..<200).compactMap { Watched($0, released: released, ended: ended) }
            try #require(all.count == 200)
            // Half of them end while the watch is being set up elsewhere.
            DispatchQueue.concurrentPerform(iterations: 4) { part in
                for number in stride(from: part, to: all.count, by: 4) {
                    if (number + round) % 3 == 0 { _ = send(all[number].far, [1], 1, Int32(MSG_NOSIGNAL)) }
                    close(all[number].far)
                }
            }
            #expect(ended.wait(timeout: .now() + 30) == .success)
            #expect(released.wait(timeout: .now() + 30) == .success)
        }
    }

    /// Dispatch drops a source whose descriptor it has seen hang up, on a thread that is not its loop's.
    @Test("a hang-up stays with the watch: it is told until the watch is cancelled") func hangUpIsTold() throws {
        for direction in [DescriptorWatch.Direction.reading, .writing] {
            var ends: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
            let near = ends[0]
            close(ends[1])
            let released = DispatchGroup()
            let told = DispatchSemaphore(value: 0)
            let watch = DescriptorWatch(
                near, direction, queue: DispatchQueue(label: "hang-up"), released: released,
                release: { _ = close($0) }, handler: { told.signal() })
            for _ in 0..<5 { #expect(told.wait(timeout: .now() + 20) == .success) }
            watch.cancel()
            #expect(released.wait(timeout: .now() + 20) == .success)
        }
    }

    @Test("links whose devices leave at any moment end, and are connected again") func links() throws {
        let stages = try (0..<20).map { _ in try BLELinkTests.Stage() }
        for round in 1...5 {
            for stage in stages { stage.link.connect(to: BLELinkTests.Stage.place) }
            var chance = SplitMix(UInt64(round))
            for stage in stages.shuffled(using: &chance) {
                if Bool.random(using: &chance) { usleep(UInt32.random(in: 0..<800, using: &chance)) }
                let isThere = eventually {
                    stage.peer.drop()
                    return stage.events.ends.count == round
                }
                #expect(isThere)
            }
        }
        for stage in stages { stage.link.stop() }
    }
}
