"""Devices as their specifications describe them, written here a second time: what vitald makes of their bytes is compared
with what was put in, by somebody who does not share its code. `total` is a counter's state: increments must add up to it."""
import datetime
import struct

RING = "6e40fff0-b5a3-f393-e0a9-e50e24dcca9e"
RING_WRITE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
RING_NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
MOTION = "00030000-78fc-48fe-8e23-433b3a1942d0"
STEPS = "00030001-78fc-48fe-8e23-433b3a1942d0"


def identity(serial: str) -> dict:
    """Device Information Service."""
    return {"uuid": "180a", "characteristics": [
        {"uuid": "2a29", "properties": ["read"], "value": b"Example".hex()},
        {"uuid": "2a24", "properties": ["read"], "value": b"Model 1".hex()},
        {"uuid": "2a25", "properties": ["read"], "value": serial.encode().hex()}]}


def battery(level: int) -> dict:
    return {"uuid": "180f", "characteristics": [
        {"uuid": "2a19", "properties": ["read", "notify"], "value": f"{level:02x}"}]}


def strap(name: str, base=60, every=500, seconds=300, level=77) -> dict:
    """Heart Rate Service 1.0: rate as one byte, one interval between beats in 1/1024 s, contact present."""
    play, expected = [], []
    for index in range(seconds * 1000 // every):
        at, rate = (index + 1) * every, base + index % 50
        interval = 61440 // rate
        play.append({"at": at, "characteristic": "2a37", "bytes": struct.pack("<BBH", 0x16, rate, interval).hex()})
        expected += [{"at": at, "metric": "heart_rate", "value": rate},
                     {"at": at, "metric": "rr_interval", "value": interval * 1000 / 1024}]
    return {
        "name": name, "advertising": {"name": name, "services": ["180d"]},
        "services": [
            {"uuid": "180d", "characteristics": [
                {"uuid": "2a37", "properties": ["notify"]}, {"uuid": "2a38", "properties": ["read"], "value": "01"}]},
            battery(level), identity(name)],
        "play": play, "expected": expected}


def pod(name: str, every=1000, seconds=300) -> dict:
    """Running Speed and Cadence Service 1.0: speed in 1/256 m/s, cadence, total distance in decimetres."""
    play, expected = [], []
    for index in range(seconds * 1000 // every):
        at, speed, cadence, distance = (index + 1) * every, 512 + index % 256, 80 + index % 20, 1000 + 25 * index
        play.append({"at": at, "characteristic": "2a53", "bytes": struct.pack("<BHBI", 2, speed, cadence, distance).hex()})
        expected += [{"at": at, "metric": "speed", "value": speed / 256}, {"at": at, "metric": "cadence", "value": cadence},
                     {"at": at, "metric": "distance", "total": distance / 10}]
    return {
        "name": name, "advertising": {"name": name, "services": ["1814"]},
        "services": [
            {"uuid": "1814", "characteristics": [
                {"uuid": "2a53", "properties": ["notify"]}, {"uuid": "2a54", "properties": ["read"], "value": "0200"}]},
            battery(50)],
        "play": play, "expected": expected}


def watch(name="InfiniTime", every=1000, seconds=300) -> dict:
    """InfiniTime: heart rate in two bytes, and a counter of today's steps that can be read and notifies."""
    play, expected = [], []
    for index in range(seconds * 1000 // every):
        at, rate, steps = (index + 1) * every, 70 + index % 40, 5000 + 2 * (index + 1)
        play.append({"at": at, "characteristic": STEPS, "bytes": struct.pack("<I", steps).hex()})
        expected.append({"at": at, "metric": "steps", "total": steps})
        play.append({"at": at + 1, "characteristic": "2a37", "bytes": struct.pack("<BB", 0, rate).hex()})
        expected.append({"at": at + 1, "metric": "heart_rate", "value": rate})
    return {
        "name": name, "advertising": {"name": name, "services": ["180d"]},
        "services": [
            {"uuid": "1805", "characteristics": [{"uuid": "2a2b", "properties": ["read", "write"], "value": ""}]},
            {"uuid": MOTION, "characteristics": [
                {"uuid": STEPS, "properties": ["read", "notify"], "value": struct.pack("<I", 5000).hex()}]},
            {"uuid": "180d", "characteristics": [{"uuid": "2a37", "properties": ["read", "notify"], "value": "0000"}]},
            battery(88)],
        "play": play, "expected": expected}


def ring(name="R02_1234", level=64, now: datetime.datetime | None = None) -> dict:
    """Colmi R02: sixteen bytes each way, a command and the sum of the other fifteen; a quarter of an hour of steps."""
    def packet(*values) -> str:
        values = bytes(values) + bytes(15 - len(values))
        return (values + bytes([sum(values) & 0xFF])).hex()

    now = now or datetime.datetime.now(datetime.timezone.utc)
    answers = [("03", [packet(3, level, 0)], [{"metric": "battery", "value": level}]),
               ("01", [packet(1)], []), ("16", [packet(0x16, 2, 1, 5)], []), ("15", [packet(0x15, 0xFF)], []),
               ("43", [packet(0x43, 0xFF)], []), ("69", [packet(0x69, 1, 0, 75)], [{"metric": "heart_rate", "value": 75}])]
    play, expected = [], []
    for index in range(200):
        at, percent = 4000 + 1000 * index, 60 - index % 50
        play.append({"at": at, "characteristic": RING_NOTIFY, "bytes": packet(0x73, 0x0C, percent, 0)})
        expected.append({"at": at, "metric": "battery", "value": percent})
    return {
        "name": name, "advertising": {"name": name, "services": []},
        "services": [{"uuid": RING, "characteristics": [
            {"uuid": RING_WRITE, "properties": ["write", "write-without-response"]},
            {"uuid": RING_NOTIFY, "properties": ["notify"]}]}],
        "play": play, "expected": expected,
        "replies": [{"to": RING_WRITE, "prefix": prefix, "on": RING_NOTIFY, "after": 50, "bytes": values, "expected": meant}
                    for prefix, values, meant in answers]}
