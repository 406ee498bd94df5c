"""A receiver of OTLP over gRPC on the package `opentelemetry-proto`. Prints its port, then each span as a line of JSON."""

import json
import sys
from concurrent import futures

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as messages
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as service


def tell(line):
    print(line, flush=True)


def text(attributes):
    return {pair.key: pair.value.string_value for pair in attributes}


class Receiver(service.TraceServiceServicer):
    def Export(self, request, context):
        for process in request.resource_spans:
            name = text(process.resource.attributes).get("service.name")
            for span in (span for scope in process.scope_spans for span in scope.spans):
                tell(json.dumps({
                    "service": name,
                    "name": span.name,
                    "trace": span.trace_id.hex(),
                    "id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "kind": span.kind,
                    "status": span.status.code,
                    "attributes": text(span.attributes),
                    "length": span.end_time_unix_nano - span.start_time_unix_nano,
                }))
        return messages.ExportTraceServiceResponse()


server = grpc.server(futures.ThreadPoolExecutor(2))
service.add_TraceServiceServicer_to_server(Receiver(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
tell(f"listening on 127.0.0.1:{port}")
sys.stdin.read()
