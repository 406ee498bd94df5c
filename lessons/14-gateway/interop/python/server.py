"""A service that nobody here has written: grpcio, with grpcio-reflection. The gateway has never heard of
it.

    python3 server.py

It says `listening on ADDR`, and ends when its standard input does. Its description is made here, without
any .proto file: `library.v1.Library`, with one call of each kind that the gateway offers.
"""

import sys
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2
from grpc_reflection.v1alpha import reflection

FIELD = descriptor_pb2.FieldDescriptorProto
NAME = "library.v1.Library"
TIMESTAMP = timestamp_pb2.DESCRIPTOR


def message(file, name, *fields):
    made = file.message_type.add(name=name)
    for number, (field, kind, more) in enumerate(fields, start=1):
        made.field.add(name=field, number=number, type=kind, label=FIELD.LABEL_OPTIONAL, **more)


def description():
    file = descriptor_pb2.FileDescriptorProto(
        name="library/v1/library.proto", package="library.v1", syntax="proto3",
        dependency=[TIMESTAMP.name])
    message(file, "FindRequest", ("title", FIELD.TYPE_STRING, {}))
    message(file, "Book",
            ("title", FIELD.TYPE_STRING, {}),
            ("copies", FIELD.TYPE_INT64, {}),
            ("bought_at", FIELD.TYPE_MESSAGE, {"type_name": ".google.protobuf.Timestamp"}),
            ("asked_as", FIELD.TYPE_STRING, {}))
    service = file.service.add(name="Library")
    for name, stream in (("Find", False), ("List", True)):
        method = service.method.add(
            name=name, input_type=".library.v1.FindRequest", output_type=".library.v1.Book",
            server_streaming=stream)
        method.options.idempotency_level = descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    service.method.add(
        name="Buy", input_type=".library.v1.Book", output_type=".library.v1.Book")
    return file


pool = descriptor_pool.DescriptorPool()
pool.AddSerializedFile(TIMESTAMP.serialized_pb)
pool.Add(description())


def types(name):
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


FindRequest, Book = types("library.v1.FindRequest"), types("library.v1.Book")


def book(title, context):
    metadata = dict(context.invocation_metadata())
    made = Book(title=title, copies=9007199254740993, asked_as=metadata.get("x-request-id", "none"))
    made.bought_at.seconds = 1700000000
    return made


def find(request, context):
    if request.title == "lost":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such book: lost")
    if context.time_remaining() is None:
        context.abort(grpc.StatusCode.INTERNAL, "nobody has told how much time there is")
    return book(request.title, context)


def all_books(request, context):
    for title in ("Emma", "Ulysses"):
        yield book(title, context)
    if request.title == "fire":
        context.abort(grpc.StatusCode.DATA_LOSS, "the rest has burnt")


def buy(request, _context):
    request.copies += 1
    return request


def handler(kind, function, request):
    return kind(function, request_deserializer=request.FromString,
                response_serializer=lambda message: message.SerializeToString())


server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(NAME, {
    "Find": handler(grpc.unary_unary_rpc_method_handler, find, FindRequest),
    "List": handler(grpc.unary_stream_rpc_method_handler, all_books, FindRequest),
    "Buy": handler(grpc.unary_unary_rpc_method_handler, buy, Book),
})])
# grpcio-reflection has v1alpha alone, as many servers still do.
reflection.enable_server_reflection([NAME, reflection.SERVICE_NAME], server, pool)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on 127.0.0.1:{port}", flush=True)
sys.stdin.read()
server.stop(grace=None)
