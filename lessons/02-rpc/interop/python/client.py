"""An independent client of the server, with Python's standard library alone.

    python3 client.py 127.0.0.1:8080

It knows the frames of lesson 01. It does not know the messages in them: only Rust structs describe those. So it
sends JSON, then repeats recorded bytes, and prints what comes back.
"""

import json
import socket
import struct
import sys

# Recorded from a Rust client.
RECORDED = [
    ('hello.HelloWorld("wire")', b"\x01\x10hello.HelloWorld\x05\x04wire"),
    ("Panda.GetInfo(100)", b"\x02\x0dPanda.GetInfo\x01\x64"),
    ("Panda.GetInfo(150)", b"\x03\x0dPanda.GetInfo\x02\x96\x01"),
]


def read_exactly(connection: socket.socket, count: int) -> bytes:
    """All of them, or fewer if the server closes the connection."""
    got = bytearray()
    while len(got) < count:
        piece = connection.recv(count - len(got))
        if not piece:
            break
        got += piece
    return bytes(got)


def ask(connection: socket.socket, body: bytes) -> bytes | None:
    """Sends one frame and returns the body of the answer; None if there is none."""
    connection.sendall(struct.pack(">I", len(body)) + body)
    try:
        head = read_exactly(connection, 4)
        if len(head) < 4:
            return None
        return read_exactly(connection, struct.unpack(">I", head)[0])
    except ConnectionResetError:
        return None


def as_json(body: bytes) -> str:
    try:
        return repr(json.loads(body))
    except ValueError as error:
        return f"no JSON ({error.__class__.__name__})"


def as_text(body: bytes) -> str:
    try:
        return repr(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"no text (byte {error.start} is no UTF-8)"


def look_at(body: bytes) -> None:
    print("  bytes     ", body.hex(" "))
    print("  as text   ", as_text(body))
    print("  as JSON   ", as_json(body))
    print("  as numbers", list(body))


def main() -> None:
    host, port = sys.argv[1].rsplit(":", 1)
    address = (host, int(port))

    print("1. JSON in a correct frame:")
    question = json.dumps({"method": "Panda.GetInfo", "params": [100], "id": 1})
    print("  sent      ", question)
    with socket.create_connection(address, timeout=5) as connection:
        answer = ask(connection, question.encode())
    print("  got       ", "nothing: the server closed the connection" if answer is None else answer)

    print("2. Bytes recorded from a Rust client:")
    with socket.create_connection(address, timeout=5) as connection:
        for call, body in RECORDED:
            print(" ", call)
            answer = ask(connection, body)
            if answer is None:
                print("  got        nothing: the server closed the connection")
                return
            look_at(answer)

    print("The text of the first reply is readable. The second seems to contain the value 200, but")
    print("the third does not contain 300. Names and types are not in these bytes: they are in the")
    print("structs of the Rust program.")


main()
