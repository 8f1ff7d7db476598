#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
# rtt_offline.py ACCESS.pcap INTERNET.pcap: round trips by TCP's timestamps, from what arrived at weir's two
# ports: the first packet with a timestamp and payload, and the first that echoes it. Written to be simple, for
# it judges what was written to be fast. IPv4 without tags; one JSON object on stdout, times in ms.

import json
import socket
import struct
import sys

SYN = 0x02


def packets(path, direction):
    with open(path, "rb") as f:
        data = f.read()
    magic, = struct.unpack_from("<I", data)
    if magic != 0xA1B23C4D:
        sys.exit(f"{path}: expected a capture with nanoseconds")
    at = 24
    while at + 16 <= len(data):
        seconds, ns, there, _ = struct.unpack_from("<IIII", data, at)
        at += 16
        yield seconds * 10**9 + ns, direction, data[at:at + there]
        at += there


def timestamps(options):
    while options and options[0] != 0:
        if options[0] == 1:
            options = options[1:]
        elif options[0] == 8:
            return struct.unpack(">II", options[2:10])
        else:
            options = options[options[1]:]
    return None


def parse(frame):
    """The flow (sender first), its flags, payload and timestamps."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None
    ip = frame[14:]
    l4 = ip[(ip[0] & 15) * 4:]
    head = (l4[12] >> 4) * 4
    payload = struct.unpack_from(">H", ip, 2)[0] - (ip[0] & 15) * 4 - head
    stamps = timestamps(l4[20:head])
    source, destination = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
    ports = struct.unpack_from(">HH", l4)
    return stamps and ((source, ports[0], destination, ports[1]), l4[13], payload, *stamps)


def samples(arrived):
    noted, done = {}, {"access": [], "internet": []}
    for time, direction, frame in arrived:
        packet = parse(frame)
        if not packet:
            continue
        flow, flags, payload, value, echo = packet
        back = flow[2:] + flow[:2]
        then = noted.get((back, echo))
        if then:
            done["access" if direction == "up" else "internet"].append((time - then) / 1e6)
            noted[back, echo] = 0
        if payload and not flags & SYN:
            noted.setdefault((flow, value), time)
    return done


def summary(values):
    values.sort()
    if not values:
        return {"samples": 0}
    return {"samples": len(values), "mean": sum(values) / len(values), "min": values[0],
            "p50": values[len(values) // 2], "max": values[-1]}


def main():
    arrived = sorted([*packets(sys.argv[1], "up"), *packets(sys.argv[2], "down")], key=lambda p: p[0])
    print(json.dumps({side: summary(values) for side, values in samples(arrived).items()}))


main()
