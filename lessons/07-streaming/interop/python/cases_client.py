"""The client side of gRPC's interoperability cases, on grpcio.

    python3 cases_client.py DESCRIPTORS ADDR CASE

What each case does and expects is laid down in
https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
"""

import pathlib
import queue
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
from grpc import StatusCode
import stranger
from stranger import PATIENCE, status_of

types = stranger.from_file(sys.argv[1])
channel = grpc.insecure_channel(sys.argv[2])
test = types.stub(channel, "grpc.testing.TestService")
nobody = types.stub(channel, "grpc.testing.UnimplementedService")

Empty = types.message("grpc.testing.Empty")
SimpleRequest = types.message("grpc.testing.SimpleRequest")
InputRequest = types.message("grpc.testing.StreamingInputCallRequest")
OutputRequest = types.message("grpc.testing.StreamingOutputCallRequest")

REQUEST_SIZES = [27182, 8, 1828, 45904]
RESPONSE_SIZES = [31415, 9, 2653, 58979]
METADATA = [
    ("x-grpc-test-echo-initial", "test_initial_metadata_value"),
    ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"),
]


def equal(got, expected):
    assert got == expected, f"{got!r} instead of {expected!r}"


def zeros(response, size):
    equal(response.payload.body, bytes(size))


def large_request():
    return SimpleRequest(response_size=314159, payload={"body": bytes(271828)})


def output_request(response_size, request_size):
    return OutputRequest(response_parameters=[{"size": response_size}],
                         payload={"body": bytes(request_size)})


class Requests:
    """A stream of requests that stays open until `finish`."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.send = self.waiting.put

    def finish(self):
        self.waiting.put(None)

    def __iter__(self):
        return iter(self.waiting.get, None)


def empty_unary():
    reply = test.EmptyCall(Empty(), timeout=PATIENCE)
    equal(reply.SerializeToString(), b"")


def large_unary():
    zeros(test.UnaryCall(large_request(), timeout=PATIENCE), 314159)


def client_streaming():
    requests = (InputRequest(payload={"body": bytes(size)}) for size in REQUEST_SIZES)
    reply = test.StreamingInputCall(requests, timeout=PATIENCE)
    equal(reply.aggregated_payload_size, 74922)


def server_streaming():
    request = OutputRequest(response_parameters=[{"size": size} for size in RESPONSE_SIZES])
    replies = list(test.StreamingOutputCall(request, timeout=PATIENCE))
    equal(len(replies), 4)
    for reply, size in zip(replies, RESPONSE_SIZES):
        zeros(reply, size)


def ping_pong():
    requests = Requests()
    call = test.FullDuplexCall(iter(requests), timeout=PATIENCE)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.send(output_request(response_size, request_size))
        zeros(next(call), response_size)
    requests.finish()
    equal(list(call), [])
    equal(call.code(), StatusCode.OK)


def empty_stream():
    call = test.FullDuplexCall(iter([]), timeout=PATIENCE)
    equal(list(call), [])
    equal(call.code(), StatusCode.OK)


def custom_metadata():
    _, call = test.UnaryCall.with_call(large_request(), metadata=METADATA, timeout=PATIENCE)
    came_back(call)
    request = output_request(314159, 271828)
    call = test.FullDuplexCall(iter([request]), metadata=METADATA, timeout=PATIENCE)
    (reply,) = call
    zeros(reply, 314159)
    came_back(call)


def came_back(call):
    equal(call.code(), StatusCode.OK)
    initial, trailing = METADATA
    assert initial in [tuple(pair) for pair in call.initial_metadata()], call.initial_metadata()
    assert trailing in [tuple(pair) for pair in call.trailing_metadata()], call.trailing_metadata()


def status_code_and_message():
    wanted = {"code": 2, "message": "test status message"}
    failed = status_of(test.UnaryCall, SimpleRequest(response_status=wanted))
    equal((failed.code(), failed.details()), (StatusCode.UNKNOWN, wanted["message"]))
    failed = status_of(test.FullDuplexCall, iter([OutputRequest(response_status=wanted)]))
    equal((failed.code(), failed.details()), (StatusCode.UNKNOWN, wanted["message"]))


def special_status_message():
    message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    wanted = {"code": 2, "message": message}
    failed = status_of(test.UnaryCall, SimpleRequest(response_status=wanted))
    equal((failed.code(), failed.details()), (StatusCode.UNKNOWN, message))


def unimplemented_method():
    equal(status_of(test.UnimplementedCall, Empty()).code(), StatusCode.UNIMPLEMENTED)


def unimplemented_service():
    equal(status_of(nobody.UnimplementedCall, Empty()).code(), StatusCode.UNIMPLEMENTED)


def timeout_on_sleeping_server():
    requests = Requests()
    requests.send(OutputRequest(payload={"body": bytes(27182)}))
    failed = status_of(test.FullDuplexCall, iter(requests), timeout=0.001)
    equal(failed.code(), StatusCode.DEADLINE_EXCEEDED)
    requests.finish()


def cancel_after_begin():
    requests = Requests()
    call = test.StreamingInputCall.future(iter(requests), timeout=PATIENCE)
    if len(sys.argv) > 4:
        # Not asked for by the case: wait until the server has seen the call.
        sys.stdin.readline()
    call.cancel()
    equal(call.code(), StatusCode.CANCELLED)
    requests.finish()


def cancel_after_first_response():
    requests = Requests()
    call = test.FullDuplexCall(iter(requests), timeout=PATIENCE)
    requests.send(output_request(31415, 27182))
    zeros(next(call), 31415)
    call.cancel()
    equal(call.code(), StatusCode.CANCELLED)
    requests.finish()


globals()[sys.argv[3]]()
print(sys.argv[3], "passed")
