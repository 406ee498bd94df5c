"""My service. It greets one client after the other, and takes each read for one name: stage 1 says what is missing."""

import os
import socket

host, _, port = os.environ.get("TCP_ADDR", "127.0.0.1:7001").rpartition(":")
listener = socket.create_server((host, int(port)), backlog=128)
print("listening on", f"{host}:{port}", flush=True)
while True:
    conn, _ = listener.accept()
    with conn:
        name = conn.recv(1024)
        if name:
            conn.sendall(b"hello " + name.strip() + b"\n")
