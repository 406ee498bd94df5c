"""A greeting server that knows only Python's protobuf: server.py DESCRIPTORS [split]

With `split` every byte of a reply is sent alone.
"""

import io
import socket
import sys
import time

from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed

from messages import Messages


def main():
    messages = Messages(sys.argv[1])
    split = "split" in sys.argv[2:]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                stream = connection.makefile("rb")
                while request := parse_length_prefixed(
                    messages["greeter.v1.HelloRequest"], stream
                ):
                    reply = messages["greeter.v1.HelloReply"](message=f"hello {request.name}")
                    frame = io.BytesIO()
                    serialize_length_prefixed(reply, frame)
                    for piece in [bytes([b]) for b in frame.getvalue()] if split else [frame.getvalue()]:
                        connection.sendall(piece)
                        if split:
                            time.sleep(0.0005)


main()
