import Glibc

extension SerialPort {
    /// The speeds that the C library can set.
    public static let speeds: [Int] = codes.keys.sorted()

    private static let codes: [Int: speed_t] = [
        300: speed_t(B300), 600: speed_t(B600), 1200: speed_t(B1200), 1800: speed_t(B1800), 2400: speed_t(B2400),
        4800: speed_t(B4800), 9600: speed_t(B9600), 19_200: speed_t(B19200), 38_400: speed_t(B38400),
        57_600: speed_t(B57600), 115_200: speed_t(B115200), 230_400: speed_t(B230400), 460_800: speed_t(B460800),
        500_000: speed_t(B500000), 576_000: speed_t(B576000), 921_600: speed_t(B921600), 1_000_000: speed_t(B1000000),
        1_500_000: speed_t(B1500000), 2_000_000: speed_t(B2000000),
    ]

    /// Major numbers of pseudo-terminal slaves: 136…143 (Linux Documentation/admin-guide/devices.txt).
    private static let pseudoTerminalMajors = UInt32(136)...143

    /// `line` changed to raw bytes in the given format.
    ///
    /// `xonXoff` sets `IXOFF` only (the hub may pause the device). `IXON` would let the kernel swallow every 0x11 and
    /// 0x13 of a binary stream, and the waveform bytes of an oximeter take both values.
    static func raw(_ line: termios, _ settings: SerialSettings, path: String) throws(LinkError) -> termios {
        guard let speed = codes[settings.baud] else {
            throw LinkError(
                .unsupported, path: path,
                "a speed of \(settings.baud) baud cannot be set; possible are "
                    + speeds.map(String.init).joined(separator: ", "))
        }
        let sizes = [5: CS5, 6: CS6, 7: CS7, 8: CS8]
        guard let size = sizes[settings.dataBits], (1...2).contains(settings.stopBits) else {
            throw LinkError(
                .unsupported, path: path,
                "the format \(settings.format) does not exist; 5 to 8 data bits, parity N, E "
                    + "or O, 1 or 2 stop bits, e.g. 8N1")
        }
        var line = line
        cfmakeraw(&line)
        line.c_iflag &= ~tcflag_t(IXON | IXOFF | IXANY | INPCK | IGNPAR | PARMRK)
        line.c_iflag |= tcflag_t(IGNBRK)
        if settings.flow == .xonXoff { line.c_iflag |= tcflag_t(IXOFF) }
        // A byte with wrong parity is dropped; the profile's framing then resynchronises.
        if settings.parity != .none { line.c_iflag |= tcflag_t(INPCK | IGNPAR) }
        line.c_cflag &= ~(tcflag_t(CSIZE | PARENB | PARODD | CSTOPB | HUPCL) | tcflag_t(bitPattern32: CRTSCTS))
        line.c_cflag |= tcflag_t(CREAD | CLOCAL | size)
        if settings.parity != .none { line.c_cflag |= tcflag_t(PARENB) }
        if settings.parity == .odd { line.c_cflag |= tcflag_t(PARODD) }
        if settings.stopBits == 2 { line.c_cflag |= tcflag_t(CSTOPB) }
        if settings.flow == .rtsCts { line.c_cflag |= tcflag_t(bitPattern32: CRTSCTS) }
        if !settings.resetsOnOpen { line.c_cflag |= tcflag_t(HUPCL) }
        cfsetispeed(&line, speed)
        cfsetospeed(&line, speed)
        // VMIN 0 would make a non-blocking read answer 0 where it means "nothing yet", the same as at end of file.
        withUnsafeMutableBytes(of: &line.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        return line
    }

    /// Sets the line and reads it back: a driver takes what it can and reports success.
    static func configure(_ descriptor: Int32, _ settings: SerialSettings, path: String) throws(LinkError) {
        var current = termios()
        guard tcgetattr(descriptor, &current) == 0 else { throw LinkError.system(errno, "tcgetattr", path: path) }
        var wanted = try raw(current, settings, path: path)
        let isPseudoTerminal = isPseudoTerminal(descriptor)
        if isPseudoTerminal {
            // Its driver knows eight bits without parity only, and the C library reports anything else as EINVAL.
            wanted.c_cflag &= ~tcflag_t(CSIZE | PARENB)
            wanted.c_cflag |= tcflag_t(CS8)
        }
        guard tcsetattr(descriptor, isPseudoTerminal ? TCSANOW : TCSAFLUSH, &wanted) == 0 else {
            throw LinkError(
                .unsupported, path: path,
                "the driver refuses \(settings.baud) baud \(settings.format): "
                    + LinkError.text(of: errno), errno: errno)
        }
        guard tcgetattr(descriptor, &current) == 0 else { throw LinkError.system(errno, "tcgetattr", path: path) }
        let format = tcflag_t(CSIZE | PARENB | PARODD | CSTOPB)
        guard current.c_cflag & format == wanted.c_cflag & format, cfgetispeed(&current) == cfgetispeed(&wanted) else {
            throw LinkError(
                .unsupported, path: path,
                "the driver took \(settings.baud) baud \(settings.format) but set another format")
        }
    }

    private static func isPseudoTerminal(_ descriptor: Int32) -> Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        // The C library's device numbers: major in bits 8…19 (and from 44 on), sys/sysmacros.h.
        return pseudoTerminalMajors.contains(UInt32(truncatingIfNeeded: status.st_rdev >> 8 & 0xFFF))
    }
}

extension tcflag_t {
    /// Flags whose macro is an unsigned number beyond `Int32` or not, depending on the platform's header.
    fileprivate init(bitPattern32 flag: some BinaryInteger) { self.init(truncatingIfNeeded: flag) }
}
