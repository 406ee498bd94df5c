"""A stranger calls `Arith` of lesson 12: grpcio, no .proto file, no generated code.

    python3 client.py ADDR SCENE

What it needs to know of the service it learns from the server, by reflection.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
from google.protobuf import descriptor_pb2
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stranger import PATIENCE, Reflection, status_of, tell

ARITH = "arith.v1.Arith"
ADDR, SCENE = sys.argv[1:]

# gRPC can repeat calls by itself, if it is told which. Three attempts, only after UNAVAILABLE.
RETRIES = {"methodConfig": [{
    "name": [{"service": ARITH}],
    "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.05s",
                    "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]},
}]}
options = [("grpc.service_config", json.dumps(RETRIES))] if SCENE == "retries" else []
channel = grpc.insecure_channel(ADDR, options=options)
types = Reflection(channel).types(ARITH)
stub = types.stub(channel, ARITH)


def request(kind, **fields):
    return types.message(f"arith.v1.{kind}")(**fields)


def equal(got, expected):
    assert got == expected, f"{got!r} instead of {expected!r}"


def calls():
    reply = stub.Mul(request("MulRequest", a=25, b=4), timeout=PATIENCE)
    equal((reply.product, reply.answered_by), (100, "ours"))
    reply = stub.Div(request("DivRequest", a=25, b=4), timeout=PATIENCE)
    equal((reply.quotient, reply.remainder), (6, 1))
    # Cut towards zero, as in Go and Rust; Python itself says -7 and 3.
    reply = stub.Div(request("DivRequest", a=-25, b=4), timeout=PATIENCE)
    equal((reply.quotient, reply.remainder), (-6, -1))
    for n, memory in [(5, 5), (-7, -2)]:
        equal(stub.Remember(request("RememberRequest", n=n), timeout=PATIENCE).memory, memory)
    zero = status_of(stub.Div, request("DivRequest", a=25, b=0))
    equal(zero.code(), StatusCode.INVALID_ARGUMENT)
    for a, b in [(2**63 - 1, 2), (-2**63, -1)]:
        equal(status_of(stub.Mul, request("MulRequest", a=a, b=b)).code(), StatusCode.OUT_OF_RANGE)
    smallest = request("DivRequest", a=-2**63, b=-1)
    equal(status_of(stub.Div, smallest).code(), StatusCode.OUT_OF_RANGE)
    health = health_pb2_grpc.HealthStub(channel)
    asked = health_pb2.HealthCheckRequest(service=ARITH)
    equal(health.Check(asked, timeout=PATIENCE).status, health_pb2.HealthCheckResponse.SERVING)


def contract():
    """What may be repeated is in the contract, and travels with it."""
    levels = descriptor_pb2.MethodOptions
    for method, level in [("Mul", levels.NO_SIDE_EFFECTS), ("Div", levels.NO_SIDE_EFFECTS),
                          ("Remember", levels.IDEMPOTENCY_UNKNOWN)]:
        options = types.service(ARITH).methods_by_name[method].GetOptions()
        equal(options.idempotency_level, level)


def retries():
    failed = status_of(stub.Mul, request("MulRequest", a=25, b=4))
    equal(failed.code(), StatusCode.UNAVAILABLE)


def deadline():
    """Somebody behind this server never answers."""
    begun = time.monotonic()
    failed = status_of(stub.Mul, request("MulRequest", a=25, b=4), timeout=3)
    equal(failed.code(), StatusCode.DEADLINE_EXCEEDED)
    assert time.monotonic() - begun < PATIENCE, "late"


def hangs_up():
    call = stub.Mul.future(request("MulRequest", a=25, b=4), timeout=PATIENCE)
    sys.stdin.readline()
    call.cancel()
    equal(call.code(), StatusCode.CANCELLED)


globals()[SCENE]()
tell(f"{SCENE} passed")
