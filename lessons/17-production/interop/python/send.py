"""Sends a trace by the SDK of OpenTelemetry for Python: `send.py HOST:PORT`. Prints the id of the trace."""

import sys

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

exporter = OTLPSpanExporter(endpoint=sys.argv[1], insecure=True)
provider = TracerProvider(resource=Resource.create({"service.name": "python"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("send.py")
with tracer.start_as_current_span("buy", attributes={"tea": "green", "cups": 2}) as span:
    print(format(span.get_span_context().trace_id, "032x"))
    with tracer.start_as_current_span("boil"):
        pass
    with tracer.start_as_current_span("pay") as pay:
        pay.set_status(Status(StatusCode.ERROR, "no money"))
provider.shutdown()
