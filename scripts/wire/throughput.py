#!/usr/bin/env python3
"""How much the wire costs: the same transfer straight and through the wire, as a ratio.

    scripts/wire/throughput.py target/debug/wire [megabytes]

Prints the median of five transfers for each way. The peers are this one Python program, so
only the ratios say something about the wire. The views of HTTP, gRPC and protobuf get what they
are made for: one gRPC call with messages of 1 KiB in DATA frames of HTTP/2, and such messages with
their length before them.
"""

import pathlib
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time

BLOCK = bytes(range(256)) * 1024
PROTO = pathlib.Path(__file__).parent / "tests/it/peer/echo.proto"


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def field(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


# A Text of 1 KiB as tests/it/peer/echo.proto has it.
MESSAGE = b"\x0a\xfd\x07" + b"x" * 1021
BEGIN = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    + frame(4, 0, 0, b"")
    + frame(
        1,
        4,
        1,
        field(b":method", b"POST")
        + field(b":path", b"/wire.test.v1.Echo/Join")
        + field(b"content-type", b"application/grpc"),
    )
)
# 15 messages fit a frame; 17 such frames are about as long as BLOCK.
FRAMES = frame(0, 0, 1, (b"\0" + struct.pack(">I", len(MESSAGE)) + MESSAGE) * 15) * 17
DELIMITED = (b"\x80\x08" + MESSAGE) * 256

# What each view is fed: the beginning, and what is repeated.
TRAFFIC = {
    "protobuf": (b"", DELIMITED),
    "http": (BEGIN, FRAMES),
    "grpc": (BEGIN, FRAMES),
}
OPTIONS = {
    # Else the wire would ask this server for its types.
    "grpc": ["--proto", str(PROTO)],
    "protobuf": ["--proto", str(PROTO), "--request", "Text"],
}


def receive(listener):
    conn, _ = listener.accept()
    with conn:
        while conn.recv_into(memoryview(SINK)):
            pass
        conn.sendall(b"k")


SINK = bytearray(1 << 18)


def transfer(port, listener, megabytes, begin=b"", block=BLOCK):
    """Seconds until the receiver confirms that it has everything."""
    receiver = threading.Thread(target=receive, args=(listener,))
    receiver.start()
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as conn:
        conn.sendall(begin)
        for _ in range(megabytes * 1024 * 1024 // len(block)):
            conn.sendall(block)
        conn.shutdown(socket.SHUT_WR)
        assert conn.recv(1) == b"k"
    seconds = time.monotonic() - start
    receiver.join()
    return seconds


def exchange(port, listener, times):
    """Median microseconds for one byte there and back."""

    def answer():
        conn, _ = listener.accept()
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with conn:
            while byte := conn.recv(1):
                conn.sendall(byte)

    server = threading.Thread(target=answer)
    server.start()
    with socket.create_connection(("127.0.0.1", port)) as conn:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        took = []
        for _ in range(times):
            start = time.monotonic()
            conn.sendall(b"x")
            conn.recv(1)
            took.append(time.monotonic() - start)
    server.join()
    return statistics.median(took) * 1e6


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        raise SystemExit(__doc__)
    wire = sys.argv[1]
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    listener = socket.create_server(("127.0.0.1", 0))
    server = listener.getsockname()[1]

    def measure(port, traffic=(b"", BLOCK)):
        seconds = statistics.median(
            transfer(port, listener, megabytes, *traffic) for _ in range(5)
        )
        return megabytes / seconds, exchange(port, listener, 2000)

    straight, straight_us = measure(server)
    print(f"straight           {straight:7.0f} MB/s            {straight_us:6.0f} us a round trip")
    for view in ("bytes", "lines", "frames", "protobuf", "http", "grpc"):
        child = subprocess.Popen(
            [wire, "--listen", "0", "--to", str(server), "--as", view, *OPTIONS.get(view, [])],
            stdout=subprocess.PIPE,
            text=True,
        )
        port = int(child.stdout.readline().rsplit(":", 1)[1])
        # The screen is read and thrown away, as a quick terminal would.
        threading.Thread(target=lambda: [None for _ in child.stdout], daemon=True).start()
        rate, us = measure(port, TRAFFIC.get(view, (b"", BLOCK)))
        print(
            f"wire --as {view:<8} {rate:7.0f} MB/s, ratio {rate / straight:4.2f}"
            f"  {us:6.0f} us, ratio {us / straight_us:4.2f}"
        )
        child.terminate()
        child.wait()


main()
