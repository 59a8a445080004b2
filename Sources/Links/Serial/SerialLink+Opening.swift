import Glibc
import Vitals

/// How the port is found, opened, missed and opened again.
extension SerialLink {
    func begin() {
        guard !isRunning else { return }
        isRunning = true
        watch = PathWatch(queue: executor.queue, released: released) { [weak self] in
            self?.assumeIsolated { $0.pathChanged() }
        }
        if watch == nil { log("\(path): no inotify instance left; a replug is noticed by polling only") }
        attempt()
    }

    func end() {
        isRunning = false
        farewell()
        close()
        watch?.cancel()
        watch = nil
    }

    /// Looks whether the path leads anywhere, having begun to watch it.
    func look() {
        let wasPresent = isPresent
        let isLocated = relocate() == nil
        watch?.follow(place)
        isPresent = isLocated && access(place, F_OK) == 0
        if isPresent, !wasPresent, isLost { report(.plugged, "\(place) is there again") }
    }

    /// Finds the place of the port; the reason when there is none.
    func relocate() -> LinkError? {
        guard let locate else { return nil }
        do throws(LinkError) {
            place = try locate()
            return nil
        } catch { return error }
    }

    func attempt() {
        generation += 1
        look()
        guard isRunning else { return }
        do throws(LinkError) {
            if let reason = relocate() { throw reason }
            let wanted = place
            let port = try SerialPort(path: wanted, settings: settings)
            // Names of ports are given anew when something is plugged in: is it still the one that was meant?
            if let reason = relocate() { throw reason }
            guard place == wanted else {
                throw LinkError(.gone, path: wanted, "another device was plugged in meanwhile")
            }
            descriptor = port.descriptor
            opened = consume port
            begin(Conversation(settings.script, context: context(), memory: memory))
        } catch {
            // Neither there nor lost; `reconsider` comes with the answer.
            if error.code == .pending { return after(backoff.longest) { $0.attempt() } }
            if error.message != lastFailure { log(error.description) }
            lastFailure = error.message
            lose(error.message)
        }
    }

    func begin(_ conversation: Conversation) {
        guard let owned = opened.take()?.surrender() else { return }
        reading = DescriptorWatch(
            owned, .reading, queue: executor.queue, released: released, release: { SerialPort.release($0) },
            handler: { [weak self] in self?.assumeIsolated { $0.drain() } })
        self.conversation = conversation
        tell { $0.start(at: $1) }
    }

    func becameReady() {
        lastFailure = ""
        if !isSilent {
            isLost = false
            report(.connected, "\(place) opened at \(settings.baud) baud \(settings.format)")
        }
        quietQuarters = 0
        if settings.resetsOnOpen {
            after(SerialSettings.settling) { $0.listenForSilence() }
        } else {
            listenForSilence()
        }
        isReady = true
        let mine = generation
        let held = early
        early = []
        for frame in held where mine == generation { deliver(frame) }
    }

    func hardwareChanged() {
        guard isRunning, descriptor < 0 else { return }
        look()
        guard isRunning, isPresent else { return }
        failures = 0
        attempt()
    }

    func pathChanged() {
        guard let watch, watch.drain(), isRunning else { return }
        if descriptor < 0 {
            look()
            guard isRunning, isPresent else { return }
            failures = 0
            attempt()
        } else if leadsElsewhere() {
            isPresent = false
            lose("\(place) is gone: unplugged")
            if isRunning, isPresent { attempt() }
        } else {
            watch.follow(place)
        }
    }

    /// Whether the path no longer names the open device.
    func leadsElsewhere() -> Bool {
        var named = stat()
        var opened = stat()
        guard fstat(descriptor, &opened) == 0, stat(place, &named) == 0 else { return true }
        return named.st_rdev != opened.st_rdev || named.st_ino != opened.st_ino
    }

    /// Closes, reports the loss once, and tries again later.
    func lose(_ reason: String) {
        close()
        isSilent = false
        if !isLost {
            isLost = true
            report(.lost, reason)
        }
        guard isRunning else { return }
        let pause = backoff.pause(after: failures)
        failures += 1
        after(pause) { $0.attempt() }
        look()
    }

    func close() {
        generation += 1
        memory = conversation?.driverMemory ?? memory
        conversation = nil
        alarm = (alarm.number + 1, nil)
        early = []
        isReady = false
        outgoing = []
        writing?.cancel()
        writing = nil
        reading?.cancel()
        reading = nil
        opened = nil
        descriptor = -1
    }
}
