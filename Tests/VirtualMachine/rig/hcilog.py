"""What crossed the guest's HCI, as `btmon -w` wrote it."""
import dataclasses
import pathlib
import struct

COMMAND, EVENT, SENT, RECEIVED = 2, 3, 4, 5
ATT = 4
EPOCH = 0x00DCDDB30F2F8000
"""Microseconds from the year 0 to 1970: btsnoop counts from the year 0."""
DISCOVERY = {0x04: "find information", 0x06: "find by type value", 0x08: "read by type", 0x10: "read by group type"}


@dataclasses.dataclass
class Packet:
    at: float
    """The guest's clock, seconds since 1970."""
    kind: int
    data: bytes

    @property
    def att(self) -> bytes | None:
        """The ATT PDU in it (its first fragment)."""
        if self.kind not in (SENT, RECEIVED) or len(self.data) < 9 or self.data[1] >> 4 & 3 == 1:
            return None
        return self.data[8:] if struct.unpack_from("<H", self.data, 6)[0] == ATT else None


START = 16
"""Where the first packet is."""


def records(path: pathlib.Path, since=START):
    """The whole packets from an offset on, each with the offset behind it."""
    data, offset = path.read_bytes(), since
    while offset + 24 <= len(data):
        _, length, flags, _, stamp = struct.unpack_from(">IIIIq", data, offset)
        if offset + 24 + length > len(data):
            return
        packet = Packet((stamp - EPOCH) / 1e6, flags & 0xFFFF, data[offset + 24 : offset + 24 + length])
        offset += 24 + length
        yield offset, packet


def packets(path: pathlib.Path, since=START):
    return (packet for _, packet in records(path, since))


def end(path: pathlib.Path) -> int:
    """Where the next packet will be. (Not a time: two clocks are never compared as exactly as packets follow.)"""
    return max((offset for offset, _ in records(path)), default=START)


def discoveries(path: pathlib.Path, since=START) -> list[str]:
    """Requests of the hub that look for services, characteristics or descriptors. (Reading the database hash by its
    type is not one: that is how a cache is checked.)"""
    found = []
    for packet in packets(path, since):
        pdu = packet.att
        if packet.kind == SENT and pdu and pdu[0] in DISCOVERY and not (pdu[0] == 0x08 and pdu[5:7] == b"\x2a\x2b"):
            found.append(DISCOVERY[pdu[0]])
    return found


def pairings(path: pathlib.Path, since=START) -> int:
    """Pairing requests of the hub (Security Manager, command 1)."""
    return sum(1 for packet in packets(path, since)
               if packet.kind == SENT and len(packet.data) > 8 and packet.data[6:9] == b"\x06\x00\x01")
