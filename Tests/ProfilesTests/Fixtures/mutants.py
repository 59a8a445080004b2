#!/usr/bin/env python3
"""Damages the frames of a vectors file and writes what the reference interpreter makes of them as another such file.

  mutants.py FOLDER OF THE REFERENCE, FOLDER OF ITS PROFILES AS JSON, SEED, COPIES > vectors.json

Left out is where the reference says what no calendar or clock has (day 45, slot 31:45).
"""
import glob, json, os, random, re, sys, types

reference, folder, seed, copies = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sys.path.insert(0, reference)
sys.dont_write_bytecode = True
sys.modules["json5"] = types.SimpleNamespace(load=json.load)  # the profiles come as JSON
import profile_ref

profiles = {p["id"]: p for p in (json.load(open(f)) for f in glob.glob(os.path.join(folder, "*.json")))}
dice = random.Random(seed)


def seal(profile, channel, frame):
    given = profile["inputs"].get(channel, {})
    check = given.get("check") or (given.get("framing") or {}).get("check")
    if not check or len(frame) < 4:
        return frame
    at = check["at"] % len(frame)
    for byte in range(256):
        sealed = frame[:at] + bytes([byte]) + frame[at + 1:]
        if profile_ref.check_ok(check, sealed):
            return sealed
    return frame


def damaged(frame):
    kind, frame = dice.random(), bytearray(frame)
    if frame and kind < 0.3:
        frame[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
    elif frame and kind < 0.6:
        frame[dice.randrange(len(frame))] = dice.choice([0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)])
    elif kind < 0.7:
        frame = frame[:dice.randrange(len(frame) + 1)]
    elif kind < 0.8:
        frame += bytes(dice.randrange(256) for _ in range(dice.randrange(6)))
    elif kind < 0.9:
        frame = bytearray(dice.randrange(256) for _ in frame)
    return bytes(frame)


def is_moment(t):
    part = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)", t)
    if not part:
        return False
    y, mo, d, h, mi, s = map(int, part.groups())
    days = [31, 28 + (y % 4 == 0 and (y % 100 != 0 or y % 400 == 0)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return y > 0 and 1 <= mo <= 12 and 1 <= d <= days[mo - 1] and h < 24 and mi < 60 and s < 60


def has_bcd(profile):
    return any(f.get("type") == "bcd8" for m in profile["messages"] for f in m["fields"])


vectors = []
for vector in json.load(open(os.path.join(reference, "VECTORS.json")))["vectors"]:
    profile = profiles.get(vector["profile"])
    if not profile:
        continue
    for copy in range(copies):
        steps = []
        for step in vector["input"]:
            frame = step["text"].encode("latin1") if "text" in step else bytes.fromhex(step["hex"])
            frame = damaged(frame)
            steps.append((step["channel"], seal(profile, step["channel"], frame) if dice.random() < 0.6 else frame))
        decoder, samples, words = profile_ref.Decoder(profile), [], []
        for channel, frame in steps:
            got, diagnostics = decoder.feed(channel, frame)
            samples += got
            words += diagnostics
        if any(isinstance(s.get("t"), str) and not is_moment(s["t"]) for s in samples):
            continue
        if has_bcd(profile) and any(isinstance(s.get("t"), str) for s in samples):
            # A digit above nine makes another date there, and none here.
            if any((b >> 4) > 9 or (b & 15) > 9 for _, frame in steps for b in frame[1:4]):
                continue
        vectors.append({
            "id": "%s-%d" % (vector["id"], copy), "profile": vector["profile"], "kind": "spec", "source": "mutant",
            "input": [{"channel": c, "hex": f.hex()} for c, f in steps],
            "expect": {"samples": samples, "diag": sorted(words)}})
json.dump({"vectors": vectors}, sys.stdout)
