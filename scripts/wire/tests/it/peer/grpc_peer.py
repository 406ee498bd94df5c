"""A server and a client of gRPC that share no code with the wire: grpcio.

    grpc_peer.py server [reflection] [port=N]    prints its port
    grpc_peer.py client PORT            makes every kind of call; prints what it got
    grpc_peer.py load PORT CALLS BYTES  many calls, eight at a time
"""

import hashlib
import sys
import threading
import time
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status

SERVICE = "wire.test.v1.Echo"


def types():
    """The types that `echo.proto` beside this file describes, built by hand: there is no protoc."""
    file = descriptor_pb2.FileDescriptorProto(
        name="echo.proto", package="wire.test.v1", syntax="proto3"
    )
    text = file.message_type.add(name="Text")
    field = descriptor_pb2.FieldDescriptorProto
    text.field.add(name="text", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    text.field.add(name="n", number=2, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    service = file.service.add(name="Echo")
    for name, many_in, many_out in (
        ("One", False, False),
        ("Count", False, True),
        ("Join", True, False),
        ("Talk", True, True),
    ):
        service.method.add(
            name=name,
            input_type=".wire.test.v1.Text",
            output_type=".wire.test.v1.Text",
            client_streaming=many_in,
            server_streaming=many_out,
        )
    pool = descriptor_pool.Default()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("wire.test.v1.Text"))


Text = types()


def one(request, context):
    if request.text == "bad":
        detail = status_pb2.Status(code=5, message="no such thing: 小")
        packed = detail.details.add()
        packed.Pack(error_details_pb2.ErrorInfo(reason="NOT_HERE", domain="wire"))
        context.abort_with_status(rpc_status.to_status(detail))
    if request.text == "slow":
        time.sleep(2)
    if request.n:
        context.set_compression(grpc.Compression.Gzip)
    context.send_initial_metadata((("x-begin", "1"),))
    context.set_trailing_metadata((("x-end", "2"),))
    return Text(text=request.text * max(request.n, 1))


def count(request, context):
    for n in range(request.n):
        yield Text(text=request.text, n=n)
    while request.text == "for ever" and context.is_active():
        time.sleep(0.01)


def join(requests, context):
    return Text(text=" ".join(request.text for request in requests))


def talk(requests, context):
    for request in requests:
        yield Text(text=request.text.upper(), n=request.n)


def serve(with_reflection, port):
    server = grpc.server(futures.ThreadPoolExecutor(16))
    kinds = {
        "One": grpc.unary_unary_rpc_method_handler(one, Text.FromString, Text.SerializeToString),
        "Count": grpc.unary_stream_rpc_method_handler(
            count, Text.FromString, Text.SerializeToString
        ),
        "Join": grpc.stream_unary_rpc_method_handler(join, Text.FromString, Text.SerializeToString),
        "Talk": grpc.stream_stream_rpc_method_handler(
            talk, Text.FromString, Text.SerializeToString
        ),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, kinds),))
    if with_reflection:
        reflection.enable_server_reflection((SERVICE, reflection.SERVICE_NAME), server)
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    print(port, flush=True)
    # Who started it closes its standard input, or is gone.
    sys.stdin.read()
    server.stop(None)


def stubs(channel):
    def stub(kind, name):
        make = getattr(channel, kind)
        return make(f"/{SERVICE}/{name}", Text.SerializeToString, Text.FromString)

    return (
        stub("unary_unary", "One"),
        stub("unary_stream", "Count"),
        stub("stream_unary", "Join"),
        stub("stream_stream", "Talk"),
    )


def call_all(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        one, count, join, talk = stubs(channel)
        reply, call = one.with_call(
            Text(text="hello"), timeout=30, metadata=(("x-own", "mine"),), wait_for_ready=True
        )
        print("one", reply.text, dict(call.trailing_metadata())["x-end"])
        print("count", [reply.n for reply in count(Text(text="c", n=3), timeout=30)])
        texts = (Text(text=word) for word in ("a", "b", "c"))
        print("join", join(texts, timeout=30).text)
        texts = (Text(text=word, n=n) for n, word in enumerate("xyz"))
        print("talk", [reply.text for reply in talk(texts, timeout=30)])
        reply = one(Text(text="gzip " * 100, n=3), compression=grpc.Compression.Gzip, timeout=30)
        print("gzip", len(reply.text))
        try:
            one(Text(text="bad"), timeout=30)
        except grpc.RpcError as error:
            status = rpc_status.from_call(error)
            print("bad", error.code().name, status.details[0].type_url)
        try:
            one(Text(text="slow"), timeout=0.2)
        except grpc.RpcError as error:
            print("slow", error.code().name)
        stream = count(Text(text="for ever", n=1), timeout=30)
        print("first", next(stream).text)
        stream.cancel()
        nope = channel.unary_unary("/wire.test.v1.Nope/Nope", Text.SerializeToString)
        try:
            nope(Text(), timeout=30)
        except grpc.RpcError as error:
            print("nope", error.code().name)
        # Two at the same time: the second ends first.
        waiting = one.future(Text(text="slow"), timeout=30)
        print("quick", one(Text(text="quick"), timeout=30).text)
        print("waited", waiting.result().text, flush=True)


def load(port, calls, size):
    with grpc.insecure_channel(
        f"127.0.0.1:{port}", options=(("grpc.max_receive_message_length", -1),)
    ) as channel:
        one = stubs(channel)[0]
        text = "x" * size
        digest = hashlib.sha256()
        lock = threading.Lock()

        def work(_):
            reply = one(Text(text=text), timeout=120, wait_for_ready=True)
            with lock:
                digest.update(reply.text.encode())

        started = time.monotonic()
        with futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(calls)))
        seconds = time.monotonic() - started
        expected = hashlib.sha256(text.encode() * calls).hexdigest()
        print(digest.hexdigest() == expected, f"{calls / seconds:.0f}")


if sys.argv[1] == "server":
    ports = [word.removeprefix("port=") for word in sys.argv if word.startswith("port=")]
    serve("reflection" in sys.argv, *ports or ["0"])
elif sys.argv[1] == "client":
    call_all(int(sys.argv[2]))
else:
    load(*map(int, sys.argv[2:5]))
