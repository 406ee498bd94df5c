#!/usr/bin/env python3
"""How much the wire costs: the same transfer straight and through the wire, as a ratio.

    scripts/wire/throughput.py target/debug/wire [megabytes]

Prints the median of five transfers for each way. The peers are this one Python program, so
only the ratios say something about the wire.
"""

import socket
import statistics
import subprocess
import sys
import threading
import time

BLOCK = bytes(range(256)) * 1024


def receive(listener):
    conn, _ = listener.accept()
    with conn:
        while conn.recv_into(memoryview(SINK)):
            pass
        conn.sendall(b"k")


SINK = bytearray(1 << 18)


def transfer(port, listener, megabytes):
    """Seconds until the receiver confirms that it has everything."""
    receiver = threading.Thread(target=receive, args=(listener,))
    receiver.start()
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as conn:
        for _ in range(megabytes * 4):
            conn.sendall(BLOCK)
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
    wire = sys.argv[1]
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    listener = socket.create_server(("127.0.0.1", 0))
    server = listener.getsockname()[1]

    def measure(port):
        seconds = statistics.median(transfer(port, listener, megabytes) for _ in range(5))
        return megabytes / seconds, exchange(port, listener, 2000)

    straight, straight_us = measure(server)
    print(f"straight          {straight:7.0f} MB/s            {straight_us:6.0f} us a round trip")
    for view in ("bytes", "lines", "frames"):
        child = subprocess.Popen(
            [wire, "--listen", "0", "--to", str(server), "--as", view],
            stdout=subprocess.PIPE,
            text=True,
        )
        port = int(child.stdout.readline().rsplit(":", 1)[1])
        # The screen is read and thrown away, as a quick terminal would.
        threading.Thread(target=lambda: [None for _ in child.stdout], daemon=True).start()
        rate, us = measure(port)
        print(
            f"wire --as {view:<7} {rate:7.0f} MB/s, ratio {rate / straight:4.2f}"
            f"  {us:6.0f} us, ratio {us / straight_us:4.2f}"
        )
        child.terminate()
        child.wait()


main()
