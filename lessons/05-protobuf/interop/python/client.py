"""A greeting client that knows only Python's protobuf: client.py DESCRIPTORS HOST PORT NAME..."""

import socket
import sys
import time

from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed

from messages import Messages


def main():
    descriptors, host, port, *names = sys.argv[1:]
    messages = Messages(descriptors)
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rwb")
        # All requests at once: the server must find where each of them ends.
        for name in names:
            serialize_length_prefixed(messages["greeter.v1.HelloRequest"](name=name), stream)
        stream.flush()
        for _ in names:
            print(parse_length_prefixed(messages["greeter.v1.HelloReply"], stream).message)
        # Once more, byte by byte.
        request = messages["greeter.v1.HelloRequest"](name=names[0])
        size = request.ByteSize()
        assert size < 128, "a length of one byte"
        for byte in bytes([size]) + request.SerializeToString():
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        print(parse_length_prefixed(messages["greeter.v1.HelloReply"], stream).message)
        connection.shutdown(socket.SHUT_WR)
        assert stream.read() == b"", "the server has ended as well, and said nothing more"


main()
