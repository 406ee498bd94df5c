"""What the Python programs of lessons 06 and 07 share: gRPC without generated code.

A stranger who has no .proto file makes its message classes at run time, from descriptors. They come
from a file, or from the server itself, by reflection.
"""

import os
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_reflection.v1alpha import reflection_pb2

# No call of a test takes longer than this; if one does, something is broken.
PATIENCE = 20


class Types:
    """Messages and services by their full names."""

    def __init__(self, files):
        self.pool = descriptor_pool.DescriptorPool()
        waiting = {file.name: file for file in files}
        while waiting:
            # A file can be added when all that it imports is there.
            ready = [file for file in waiting.values()
                     if not any(name in waiting for name in file.dependency)]
            for file in ready:
                self.pool.Add(file)
                del waiting[file.name]

    def message(self, name):
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    def service(self, name):
        return self.pool.FindServiceByName(name)

    def stub(self, channel, name):
        """An object with one callable for each method of the service."""
        return Stub(channel, self.service(name))

    def handler(self, name, methods):
        """Serves `name` with the functions in `methods`; others stay unimplemented."""
        kinds = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }
        handlers = {}
        for method in self.service(name).methods:
            if method.name in methods:
                request = message_factory.GetMessageClass(method.input_type)
                handlers[method.name] = kinds[method.client_streaming, method.server_streaming](
                    methods[method.name],
                    request_deserializer=request.FromString,
                    response_serializer=lambda message: message.SerializeToString(),
                )
        return grpc.method_handlers_generic_handler(name, handlers)


class Stub:
    """The methods of a service, callable."""

    def __init__(self, channel, service):
        for method in service.methods:
            kinds = {
                (False, False): channel.unary_unary,
                (False, True): channel.unary_stream,
                (True, False): channel.stream_unary,
                (True, True): channel.stream_stream,
            }
            reply = message_factory.GetMessageClass(method.output_type)
            call = kinds[method.client_streaming, method.server_streaming](
                f"/{service.full_name}/{method.name}",
                request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=reply.FromString,
            )
            setattr(self, method.name, call)


def from_file(path):
    """Types from a FileDescriptorSet, as the build of a lesson writes it."""
    with open(path, "rb") as file:
        return Types(descriptor_pb2.FileDescriptorSet.FromString(file.read()).file)


class Reflection:
    """Asks a server what it serves. `version` is v1 or v1alpha: only the name of the service
    differs, so that the messages of one serve for both."""

    def __init__(self, channel, version="v1"):
        self.ask_all = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )

    def ask(self, **question):
        request = reflection_pb2.ServerReflectionRequest(**question)
        try:
            (answer,) = self.ask_all(iter([request]), timeout=PATIENCE)
        except grpc.RpcError as error:
            # Some servers end the whole call, others answer with an error in a message.
            if error.code() == grpc.StatusCode.NOT_FOUND:
                raise LookupError(error.details()) from None
            raise
        if answer.HasField("error_response"):
            raise LookupError(answer.error_response.error_message)
        return answer

    def services(self):
        answer = self.ask(list_services="*")
        return sorted(service.name for service in answer.list_services_response.service)

    def types(self, *services):
        """The types of these services, and of all that they import."""
        files = {}

        def take(answer):
            for text in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(text)
                files[file.name] = file

        for service in services:
            take(self.ask(file_containing_symbol=service))
        while True:
            missing = {name for file in files.values() for name in file.dependency} - set(files)
            if not missing:
                return Types(files.values())
            for name in missing:
                take(self.ask(file_by_filename=name))


def status_of(call, *arguments, **more):
    """Makes a call that must fail, and gives back the error."""
    try:
        reply = call(*arguments, timeout=more.pop("timeout", PATIENCE), **more)
        if not hasattr(reply, "SerializeToString"):
            reply = list(reply)
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"a call that should fail was answered: {reply}")


def serve(*handlers, **options):
    """Serves on a free port, says where, and stays until the standard input ends: whoever started
    this may be killed, and then it ends as well."""
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), **options)
    server.add_generic_rpc_handlers(handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    tell(f"listening on 127.0.0.1:{port}")
    sys.stdin.buffer.read()
    server.stop(None)
    # A handler that still waits must not hold the process.
    os._exit(0)


_telling = threading.Lock()


def tell(line):
    """One whole line, at once, from any thread."""
    with _telling:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
