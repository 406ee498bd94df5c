"""The service of lesson 07 on grpcio: another server for our client.

    python3 server.py DESCRIPTORS

DESCRIPTORS is the file that the build of lesson 07 writes.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
import stranger

(DESCRIPTORS,) = sys.argv[1:]
types = stranger.from_file(DESCRIPTORS)


def message(kind, **fields):
    return types.message(f"stream.v1.{kind}")(**fields)


def greet(request, context):
    if not request.name:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the name is empty")
    return message("GreetResponse", message=f"hello {request.name}")


def repeat(request, context):
    context.add_callback(lambda: stranger.tell("repeat is over"))
    for number in range(1, request.count + 1):
        time.sleep(request.interval_ms / 1000)
        yield message("RepeatResponse", message=f"hello {request.name}", number=number)


def greet_all(requests, _context):
    names = [request.name for request in requests]
    return message("GreetAllResponse", message="hello " + " and ".join(names), count=len(names))


def chat(requests, _context):
    yield message("ChatResponse", text="welcome")
    count = 0
    for count, request in enumerate(requests, start=1):
        yield message("ChatResponse", text=f"hello {request.text}", answers=count)
    yield message("ChatResponse", text=f"bye, {count} texts")


stranger.serve(
    types.handler("stream.v1.StreamService", {
        "Greet": greet, "Repeat": repeat, "GreetAll": greet_all, "Chat": chat}),
)
