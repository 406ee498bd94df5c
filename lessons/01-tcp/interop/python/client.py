"""A greeting client in another language, on nothing but Python's standard library.

    python3 client.py 127.0.0.1:8080 Ada Grace

Sends each name in two pieces, says that it has finished (half-close), and prints what comes back
until the server has finished as well.
"""

import socket
import sys
import time


def main() -> None:
    host, port = sys.argv[1].rsplit(":", 1)
    names = sys.argv[2:]
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name in names:
            line = (name + "\n").encode("utf-8")
            middle = len(line) // 2
            connection.sendall(line[:middle])
            time.sleep(0.01)
            connection.sendall(line[middle:])
        connection.shutdown(socket.SHUT_WR)
        answer = bytearray()
        while piece := connection.recv(7):
            answer += piece
    sys.stdout.buffer.write(answer)


main()
