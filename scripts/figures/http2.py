"""HTTP/2 as an attacker writes it: frames by hand, because no library sends what a server must refuse.
RFC 9113 has the frames, RFC 7541 the headers. `attack.py` uses it.
"""

import socket
import struct
import threading
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
ERRORS = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
          "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR",
          "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED")


def frame(kind, flags, stream, payload=b""):
    """A frame: length (24 bits), type, flags, stream, payload."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def error_name(code):
    return ERRORS[code] if code < len(ERRORS) else f"error {code}"


def integer(value, bits, first=0):
    """HPACK's integer with a prefix of `bits` bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def field(name, value, keep=False):
    """A header field, spelled out; `keep` puts it into the peer's table as well, as number 62."""
    name, value = name.encode(), value.encode()
    return bytes([0x40 if keep else 0]) + integer(len(name), 7) + name + integer(len(value), 7) + value


def request(authority, path, more=()):
    """The headers of a gRPC call."""
    fields = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", authority),
              ("content-type", "application/grpc"), ("te", "trailers"), *more]
    return b"".join(field(name, value) for name, value in fields)


class Connection:
    """One connection. A thread counts what the server sends, unless `read` is false: then nobody does, and
    the server's answers pile up."""

    def __init__(self, address, settings=b"", read=True):
        host, port = address.rsplit(":", 1)
        self.authority = address
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.seen = {}
        self.resets = {}
        self.ended = set()
        self.goaway = None
        self.closed = threading.Event()
        self.changed = threading.Condition()
        self.reading = read
        self.send(PREFACE + frame(SETTINGS, 0, 0, settings))
        if read:
            threading.Thread(target=self.read, daemon=True).start()

    def send(self, data):
        self.socket.sendall(data)

    def read(self):
        stream = self.socket.makefile("rb")
        try:
            self.socket.settimeout(None)
            while len(head := stream.read(9)) == 9:
                length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
                number = int.from_bytes(head[5:], "big") & 0x7FFFFFFF
                payload = stream.read(length)
                with self.changed:
                    self.take(kind, flags, number, payload)
                    self.changed.notify_all()
        except OSError:
            pass
        with self.changed:
            self.closed.set()
            self.changed.notify_all()

    def take(self, kind, flags, number, payload):
        self.seen[kind] = self.seen.get(kind, 0) + 1
        if kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK, 0))
        if kind == PING and not flags & ACK:
            self.send(frame(PING, ACK, 0, payload))
        if kind == GOAWAY:
            self.goaway = (int.from_bytes(payload[4:8], "big"), payload[8:].decode(errors="replace"))
        if kind == RST_STREAM:
            code = int.from_bytes(payload, "big")
            self.resets[code] = self.resets.get(code, 0) + 1
            self.ended.add(number)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.ended.add(number)

    def call(self, stream, path, message=b"", timeout=5, more=()):
        """One unary call; the seconds until its end, or None."""
        begun = time.perf_counter()
        self.send(frame(HEADERS, END_HEADERS, stream, request(self.authority, path, more))
                  + frame(DATA, END_STREAM, stream, b"\0" + struct.pack(">I", len(message)) + message))
        with self.changed:
            self.changed.wait_for(lambda: stream in self.ended or self.closed.is_set(), timeout)
            if stream not in self.ended:
                return None
            self.ended.discard(stream)
        return time.perf_counter() - begun

    def end(self, seconds):
        """How the server ended this connection, within so many seconds."""
        if not self.reading:
            self.socket.settimeout(seconds)
            threading.Thread(target=self.read, daemon=True).start()
        self.closed.wait(seconds)
        if self.goaway:
            code, words = self.goaway
            return f"GOAWAY {error_name(code)}" + (f" ({words})" if words else "")
        return "closed" if self.closed.is_set() else "still open"

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
