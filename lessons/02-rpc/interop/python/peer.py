"""An independent client calls the answers of two exercises, with Python's standard library alone.

    python3 peer.py DISPATCH ERRORS RPC

Each is an address: the answer of `dispatch`, the answer of `errors`, and lesson 02's own server.
It prints its calls and their answers. The exit status is 0 if every call went as the protocol of
its exercise says, else 1. `cargo workbook peer 02` starts it.
"""

import pathlib
import runpy
import socket
import sys

# In seconds. Longer than any answer takes.
TIMEOUT = 3


class Wrong(Exception):
    """A call that did not go as the protocol says."""


def connect(address: str) -> socket.socket:
    host, port = address.rsplit(":", 1)
    try:
        return socket.create_connection((host, int(port)), timeout=TIMEOUT)
    except OSError as error:
        raise Wrong(f"no server listens there any more ({error.__class__.__name__})") from None


def receive(connection: socket.socket, count: int) -> bytes:
    """Some bytes, at least one."""
    try:
        got = connection.recv(count)
    except TimeoutError:
        raise Wrong(f"no answer within {TIMEOUT} s; the connection is still open") from None
    except OSError:
        got = b""
    if not got:
        raise Wrong("no answer: the connection was closed")
    return got


def send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        raise Wrong("the connection was closed before this could be sent") from None


# ---- dispatch: lines of text

GOOD_CALLS = [
    ("1 hello.HelloWorld wire", "1 ok wire hello world"),
    ("2 Panda.GetInfo 100", "2 ok 200"),
    ("3 go.micro.clock.Now Rome", "3 ok noon in Rome"),
]


def read_line(connection: socket.socket) -> str:
    line = b""
    while not line.endswith(b"\n"):
        # Byte by byte: what follows belongs to the next answer.
        line += receive(connection, 1)
        if len(line) > 1000:
            raise Wrong("1000 bytes, and the line has no end")
    return line[:-1].decode("utf-8", "replace")


def ask_line(connection: socket.socket, call: str, expected: str) -> None:
    """`expected` is the whole answer, or how it begins if it ends with a space."""
    print("   Python asks  ", call)
    send(connection, call.encode() + b"\n")
    answer = read_line(connection)
    print("   and gets     ", answer)
    if not (answer == expected or expected.endswith(" ") and answer.startswith(expected)):
        raise Wrong(f"expected {expected.strip()}")


def call_dispatch(address: str) -> None:
    print("A. dispatch: a call is a line of text, and so is its answer")
    with connect(address) as connection:
        for call, expected in GOOD_CALLS:
            ask_line(connection, call, expected)
        print("   Now an unknown name. It must fail this call, and not end the connection.")
        ask_line(connection, "4 hello.Nope wire", "4 error ")
        print("   The same connection once more:")
        ask_line(connection, "5 hello.HelloWorld again", "5 ok again hello world")
    print("   The protocol is lines of text, so Python needs nothing from Rust.")


# ---- errors: bytes

OPERATIONS = {"+": 0x2B, "-": 0x2D, "*": 0x2A, "/": 0x2F}


def read_exactly(connection: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        got += receive(connection, count - len(got))
    return got


def ask_bytes(connection: socket.socket, a: int, operation: str, b: int) -> int | str:
    """The value, or the words of the error."""
    call = bytes([OPERATIONS[operation], a, b])
    print(f"   Python asks   {a} {operation} {b}, which is the bytes {call.hex(' ')}")
    send(connection, call)
    kind = read_exactly(connection, 1)[0]
    if kind == 0:
        value = read_exactly(connection, 1)[0]
        print(f"   and gets      00 {value:02x}: a value, {value}")
        return value
    if kind == 1:
        length = read_exactly(connection, 1)[0]
        words = read_exactly(connection, length).decode("utf-8", "replace")
        print(f"   and gets      01 {length:02x} and {length} bytes of words: {words}")
        return words
    raise Wrong(f"the first byte is {kind:02x}; 00 is a value and 01 an error")


def call_errors(address: str) -> None:
    print("B. errors: a call is three bytes")
    with connect(address) as connection:
        for a, operation, b, expected in [(7, "+", 1, 8), (5, "-", 5, 0)]:
            if ask_bytes(connection, a, operation, b) != expected:
                raise Wrong(f"expected the value {expected}")
        print("   Now a call that fails. The method has failed, not the connection.")
        if not isinstance(ask_bytes(connection, 7, "/", 0), str):
            raise Wrong("7 / 0 has no value: an error was expected")
        print("   The same connection once more:")
        if ask_bytes(connection, 6, "*", 7) != 42:
            raise Wrong("expected the value 42")
    print("   These bytes contain no names. Python knows their meaning from the comment in your exercise.")


# ---- lesson 02's own server: bytes that only Rust structs explain


def look_at_rpc(address: str) -> None:
    print("C. rpc: lesson 02's own server, which uses postcard")
    connect(address).close()
    sys.argv = ["client.py", address]
    runpy.run_path(str(pathlib.Path(__file__).with_name("client.py")))
    print("Lesson 03 chooses an encoding that both sides can read.")


def main() -> int:
    dispatch, errors, rpc = sys.argv[1:]
    wrong = 0
    for part, address in [(call_dispatch, dispatch), (call_errors, errors), (look_at_rpc, rpc)]:
        try:
            part(address)
        except Wrong as words:
            wrong += 1
            print("   WRONG        ", words)
        print()
    return 1 if wrong else 0


sys.exit(main())
