"""The server side of gRPC's interoperability cases, on grpcio.

    python3 cases_server.py DESCRIPTORS

It tells where it listens, and when a call with a stream of requests begins and is over: a client that
went away before its end leaves no other trace.
"""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
import stranger

types = stranger.from_file(sys.argv[1])
Empty = types.message("grpc.testing.Empty")
SimpleResponse = types.message("grpc.testing.SimpleResponse")
InputResponse = types.message("grpc.testing.StreamingInputCallResponse")
OutputResponse = types.message("grpc.testing.StreamingOutputCallResponse")

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"


def echo_metadata(context):
    metadata = dict(context.invocation_metadata())
    if INITIAL in metadata:
        context.send_initial_metadata([(INITIAL, metadata[INITIAL])])
    if TRAILING in metadata:
        context.set_trailing_metadata([(TRAILING, metadata[TRAILING])])


def echo_status(request, context):
    if request.HasField("response_status"):
        wanted = request.response_status
        code = next(code for code in grpc.StatusCode if code.value[0] == wanted.code)
        context.abort(code, wanted.message)


def payload(size, response):
    response.payload.body = bytes(size)
    return response


def empty_call(_request, _context):
    return Empty()


def unary_call(request, context):
    echo_metadata(context)
    echo_status(request, context)
    return payload(request.response_size, SimpleResponse())


def replies(request):
    for wanted in request.response_parameters:
        time.sleep(wanted.interval_us / 1e6)
        yield payload(wanted.size, OutputResponse())


def streaming_output_call(request, context):
    echo_metadata(context)
    echo_status(request, context)
    yield from replies(request)


def told(method):
    """Tells that a call with a stream of requests begins, and that it is over. Why it is over, this
    side cannot always tell: a client who cancels may look like one who has finished."""

    def call(requests, context):
        # In this order: a call that is over already takes no callback.
        context.add_callback(lambda: stranger.tell(f"{method.__name__} is over"))
        stranger.tell(f"{method.__name__} begins")
        return method(requests, context)

    return call


@told
def streaming_input_call(requests, context):
    echo_metadata(context)
    size = sum(len(request.payload.body) for request in requests)
    return InputResponse(aggregated_payload_size=size)


@told
def full_duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        echo_status(request, context)
        yield from replies(request)


stranger.serve(types.handler("grpc.testing.TestService", {
    "EmptyCall": empty_call,
    "UnaryCall": unary_call,
    "StreamingOutputCall": streaming_output_call,
    "StreamingInputCall": streaming_input_call,
    "FullDuplexCall": full_duplex_call,
}))
