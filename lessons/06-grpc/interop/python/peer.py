"""An independent client calls the answers of three exercises: Python with grpcio, without a .proto file.

    python3 peer.py STATUS DEADLINE INTERCEPTOR GRPC

Each is an address: the answers of `status`, `deadline` and `interceptor`, and lesson 06's own server.
It tells what it asks and what it gets. The exit status is 0 if every call went as its exercise says,
else 1. `cargo workbook peer 06` starts it.
"""

import sys
import time

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from stranger import Reflection

# Longer than any answer takes, and short enough to watch.
PATIENCE = 5

GREETER = "greeter.v1.Greeter"


class Wrong(Exception):
    """A call that did not go as its exercise says."""


def say(line):
    print(f"   {line}")


def learn(channel, *services):
    """What reflection tells of these services."""
    try:
        return Reflection(channel).types(*services)
    except (grpc.RpcError, LookupError) as error:
        raise Wrong(f"no reflection here: {in_words(error)}") from None


def in_words(error):
    if not isinstance(error, grpc.RpcError):
        return str(error)
    if error.code() == StatusCode.UNAVAILABLE and not error.trailing_metadata():
        return f"UNAVAILABLE, from the library: no server answered ({error.details()})"
    return f"{error.code().name}: {error.details()}"


def ask(call, request, name, expected=StatusCode.OK, timeout=PATIENCE, metadata=None):
    """Calls, tells it, and gives back the reply, or the error if one was expected."""
    say(f"Python calls  {name}")
    try:
        reply = call(request, timeout=timeout, metadata=metadata)
    except grpc.RpcError as error:
        say(f"and gets      {in_words(error)}")
        if error.code() != expected:
            raise Wrong(f"expected {expected.name}") from None
        return error
    shown = json_format.MessageToDict(reply) if hasattr(reply, "DESCRIPTOR") else reply
    say(f"and gets      OK: {', '.join(map(str, shown.values())) or 'a message without a word'}")
    if expected != StatusCode.OK:
        raise Wrong(f"expected {expected.name}")
    return reply


# ---- status

CODES = [
    ("Ada", StatusCode.OK),
    ("", StatusCode.INVALID_ARGUMENT),
    ("Grace", StatusCode.NOT_FOUND),
    ("quota", StatusCode.RESOURCE_EXHAUSTED),
    ("locked", StatusCode.FAILED_PRECONDITION),
    ("copying", StatusCode.UNAVAILABLE),
    ("broken", StatusCode.INTERNAL),
]


def detail(error, kind):
    """The detail of this kind, or `None`."""
    try:
        status = rpc_status.from_call(error)
    except ValueError as why:
        raise Wrong(f"Python cannot read the details: {why}") from None
    found = kind()
    if status and any(part.Unpack(found) for part in status.details):
        return found
    return None


def call_status(address):
    print("A. status: every failure has its code")
    with grpc.insecure_channel(address) as channel:
        types = learn(channel, GREETER)
        say("Python has no .proto file. It has asked the server what it serves, by reflection:")
        say(f"              {GREETER}, with SayHello")
        stub, request = types.stub(channel, GREETER), types.message("greeter.v1.HelloRequest")
        for name, code in CODES:
            got = ask(stub.SayHello, request(name=name), f'SayHello("{name}")', code)
            if name == "Ada" and got.message != "hello Ada, your id is 7":
                raise Wrong("expected: hello Ada, your id is 7")
            if name == "":
                bad = detail(got, error_details_pb2.BadRequest)
                if not bad or bad.field_violations[0].field != "name":
                    raise Wrong("expected a BadRequest among the details that names the field `name`")
                words = bad.field_violations[0].description
                say(f"              and in its details: field name, {words}")
            if name == "copying":
                retry = detail(got, error_details_pb2.RetryInfo)
                if not retry or retry.retry_delay.ToMilliseconds() != 1500:
                    raise Wrong("expected a RetryInfo of 1.5 s among the details")
                say("              and in its details: ask again after 1.5 s")
            if name == "broken" and "tulip" in f"{got.details()} {got.trailing_metadata()}":
                raise Wrong("the text of the server's own error was sent: it held a password, `tulip`")
    say("The codes and the details are numbers and messages. Python reads them as Rust does.")


# ---- deadline

# Of the three sources together.
ALL_STEPS = 180


def call_deadline(address):
    print("B. deadline: no work outlives the call that needed it")
    with grpc.insecure_channel(address) as channel:
        types = learn(channel, GREETER)
        stub, request = types.stub(channel, GREETER), types.message("greeter.v1.HelloRequest")

        def steps():
            """How many steps all sources have made by now; three of them say the same."""
            reply = stub.SayHello(request(name="steps"), timeout=PATIENCE).message
            try:
                return int(reply.rsplit(",")[-1])
            except ValueError:
                raise Wrong(f"SayHello(\"steps\") gives `{reply}`, not three numbers") from None

        def stopped(before):
            # What is on its way when the caller leaves may still arrive.
            last, now = None, steps()
            while last != now:
                time.sleep(0.3)
                last, now = now, steps()
            say(f"For that call the sources have made {now - before} of {ALL_STEPS} steps.")
            if now - before >= ALL_STEPS:
                raise Wrong("they worked to the end, for a caller that had left")

        reply = ask(stub.SayHello, request(name="Ada"), 'SayHello("Ada"), and waits')
        if reply.message != "hello Ada: admin, since 2019, in Oslo":
            raise Wrong("expected: hello Ada: admin, since 2019, in Oslo")
        before = steps()
        ask(stub.SayHello, request(name="Ada"), 'SayHello("Ada"), with a deadline of 100 ms',
            StatusCode.DEADLINE_EXCEEDED, timeout=0.1)
        stopped(before)
        before = steps()
        say('Python calls  SayHello("Ada"), and cancels after 100 ms')
        call = stub.SayHello.future(request(name="Ada"), timeout=PATIENCE)
        time.sleep(0.1)
        call.cancel()
        if call.code() != StatusCode.CANCELLED:
            raise Wrong("the call was over before that")
        stopped(before)


# ---- interceptor


def call_interceptor(address):
    print("C. interceptor: one guard for all methods")
    with grpc.insecure_channel(address) as channel, \
            grpc.insecure_channel(sys.argv[4]) as described:
        # This server has no reflection. Another server tells what the services look like.
        types = learn(described, GREETER, "hello.v1.HelloService")
        greeter = types.stub(channel, GREETER).SayHello
        hello = types.stub(channel, "hello.v1.HelloService").SayName
        to_greeter = types.message("greeter.v1.HelloRequest")(name="wire")
        to_hello = types.message("hello.v1.NameRequest")(name="wire")
        health = health_pb2_grpc.HealthStub(channel).Check
        nobody = channel.unary_unary("/nobody.v1.Nobody/Nothing")
        methods = [
            ("Greeter/SayHello", greeter, to_greeter),
            ("HelloService/SayName", hello, to_hello),
            ("Health/Check", health, health_pb2.HealthCheckRequest()),
            ("Nobody/Nothing", nobody, b""),
        ]

        def ask_all(token, expected):
            metadata = [("authorization", f"Bearer {token}")] if token else None
            for (name, call, request), code in zip(methods, expected):
                with_token = f"{name} with the token {token}" if token else f"{name} without a token"
                ask(call, request, with_token, code, metadata=metadata)

        no, yes = StatusCode.UNAUTHENTICATED, StatusCode.OK
        ask_all(None, [no] * 4)
        ask_all("sesamo", [no] * 4)
        ask_all("sesame", [yes] * 3)
        ask_all("names-only", [StatusCode.PERMISSION_DENIED, yes, StatusCode.PERMISSION_DENIED])


# ---- lesson 06's own server


def look_at_lesson(address):
    print("D. The same Python calls lesson 06's own server")
    with grpc.insecure_channel(address) as channel:
        asked = Reflection(channel)
        found = [name for name in asked.services() if not name.startswith("grpc.")]
        types = learn(channel, *found)
        for name in found:
            methods = [method.name for method in types.service(name).methods]
            say(f"It serves      {name}: {', '.join(methods)}")
        health = health_pb2_grpc.HealthStub(channel)
        for name in found:
            request = health_pb2.HealthCheckRequest(service=name)
            status = health.Check(request, timeout=PATIENCE).status
            if status != health_pb2.HealthCheckResponse.SERVING:
                raise Wrong(f"{name} is not serving")
        say("Health         all of them are SERVING")
        request = types.message("say.v1.Teacher")(age=20, name="san")
        ask(types.stub(channel, "say.v1.SayName").SayHello, request, 'SayHello({20, "san"})')
    say("No line of Python was written for these services.")


def main():
    wrong = 0
    parts = [call_status, call_deadline, call_interceptor, look_at_lesson]
    for part, address in zip(parts, sys.argv[1:]):
        try:
            part(address)
        except Wrong as words:
            wrong += 1
            say(f"WRONG         {words}")
        except grpc.RpcError as error:
            wrong += 1
            say(f"WRONG         {in_words(error)}")
        print()
    return 1 if wrong else 0


sys.exit(main())
