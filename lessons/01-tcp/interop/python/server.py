"""A greeting server in another language, on nothing but Python's standard library.

    python3 server.py

Listens on a free port of 127.0.0.1, prints `listening on ADDR`, serves one client, and answers
byte by byte: a client that takes one read for one answer fails here.
"""

import socket


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        print(f"listening on {host}:{port}", flush=True)
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            connection.settimeout(5)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for line in lines:
                name = line.decode("utf-8").rstrip("\n")
                for byte in f"{name} hello world\n".encode("utf-8"):
                    connection.sendall(bytes([byte]))


main()
