"""`Arith` on grpcio: another server for our caller.

    python3 server.py DESCRIPTORS NAME MOOD

DESCRIPTORS is the file that the build of lesson 12 writes. MOOD is `well`, `slow` (never answers before
the call is over), or `failing` (says UNAVAILABLE). It tells when a call begins, how much time that has
left, and when it is over without an answer.
"""

import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
import stranger
from stranger import tell

DESCRIPTORS, NAME, MOOD = sys.argv[1:]
types = stranger.from_file(DESCRIPTORS)


def message(kind, **fields):
    return types.message(f"arith.v1.{kind}")(answered_by=NAME, **fields)


def begins(method, context):
    left = context.time_remaining()
    tell(f"{method} begins, {'no deadline' if left is None else f'{left * 1000:.0f} ms left'}")
    if MOOD == "failing":
        context.abort(grpc.StatusCode.UNAVAILABLE, "Python is sick")
    if MOOD == "slow":
        over = threading.Event()
        if context.add_callback(over.set):
            over.wait()
        tell(f"{method} stopped")


def mul(request, context):
    begins("Mul", context)
    return message("MulResponse", product=request.a * request.b)


def div(request, context):
    begins("Div", context)
    if request.b == 0:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Python does not divide by zero")
    quotient, remainder = divmod(request.a, request.b)
    return message("DivResponse", quotient=quotient, remainder=remainder)


memory = 0


def remember(request, context):
    global memory
    begins("Remember", context)
    memory += request.n
    return message("RememberResponse", memory=memory)


stranger.serve(types.handler("arith.v1.Arith", {"Mul": mul, "Div": div, "Remember": remember}))
