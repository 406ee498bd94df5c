"""Says what nobody asked for, and listens where nobody should be heard: DNS packets by hand.

  shout.py PORT flood COUNT     COUNT instances of our type, as they should be, each announced once
  shout.py PORT txt LABEL HEX   one instance with this TXT record, whatever is in it
  shout.py PORT noise COUNT     COUNT packets of which no part is right
  shout.py PORT listen WORD     joins the group on every interface, and tells by which one each packet came
                                in that has WORD in it, until its standard input ends

The first three are sent on the loopback interface.

No package is needed.
"""

import os
import random
import socket
import struct
import sys
import threading
import time

GROUP = "224.0.0.251"
TYPE = "_sts._tcp.local."
PTR, TXT, SRV, A = 12, 16, 33, 1
FLUSH = 0x8001


def name(text):
    labels = text.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def record(owner, kind, data, ttl=4500, kind_class=FLUSH):
    return name(owner) + struct.pack("!HHIH", kind, kind_class, ttl, len(data)) + data


def announcement(label, txt, port=50051):
    full, host = f"{label}.{TYPE}", f"{label}-host.local."
    records = [
        record(TYPE, PTR, name(full), kind_class=1),
        record(full, SRV, struct.pack("!HHH", 0, 0, port) + name(host)),
        record(full, TXT, txt),
        record(host, A, socket.inet_aton("127.0.0.1")),
    ]
    return struct.pack("!HHHHHH", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def strings(**pairs):
    each = (f"{key}={value}".encode() for key, value in pairs.items())
    return b"".join(bytes([len(one)]) + one for one in each)


def listen(port, word):
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # Linux's number of it, where Python has no name for it.
    pktinfo = getattr(socket, "IP_PKTINFO", 8)
    heard.setsockopt(socket.IPPROTO_IP, pktinfo, 1)
    heard.bind(("0.0.0.0", port))
    for index, _ in socket.if_nameindex():
        group = struct.pack("4s4si", socket.inet_aton(GROUP), socket.inet_aton("0.0.0.0"), index)
        try:
            heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        except OSError:
            # An interface without IPv4.
            pass
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print("listening", flush=True)
    while True:
        packet, more, _, _ = heard.recvmsg(9000, 256)
        if word.encode() in packet:
            index = struct.unpack("i", more[0][2][:4])[0]
            print(socket.if_indextoname(index), flush=True)


def main(port, what, *rest):
    if what == "listen":
        listen(int(port), *rest)
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    # From the port of mDNS, as all answers are.
    out.bind(("0.0.0.0", int(port)))
    send = lambda packet: out.sendto(packet, (GROUP, int(port)))
    if what == "flood":
        for number in range(int(rest[0])):
            label = f"flood-{number:06}"
            txt = strings(id=label, name="flood", version="1", ttl=600_000, beat=number)
            send(announcement(label, txt))
            # As fast as it can be read, so that it is the number that counts and not what is lost.
            if number % 10 == 9:
                time.sleep(0.005)
    elif what == "txt":
        send(announcement(rest[0], bytes.fromhex(rest[1])))
    elif what == "noise":
        seeded = random.Random(13)
        good = announcement("noise", strings(id="noise", name="noise"))
        for number in range(int(rest[0])):
            packet = bytearray(good)
            for _ in range(seeded.randrange(1, 20)):
                packet[seeded.randrange(len(packet))] = seeded.randrange(256)
            send(bytes(packet[: seeded.randrange(len(packet) + 1)]))
            if number % 10 == 9:
                time.sleep(0.005)
    print("said", flush=True)


main(*sys.argv[1:])
