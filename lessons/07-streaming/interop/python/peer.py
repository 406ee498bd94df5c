"""An independent client calls the answers of three exercises: Python with grpcio, which has no .proto file.

    python3 peer.py SERVER-STREAM CHAT BACKPRESSURE STREAMS

Each is an address: the answers of `server-stream`, `chat` and `backpressure`, and lesson 07's own
server. It tells what it asks and what it gets. The exit status is 0 if every call went as its
exercise says, else 1. `cargo workbook peer 07` starts it.
"""

import pathlib
import queue
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "06-grpc/interop/python"))

import grpc
from grpc import StatusCode
from stranger import Reflection

# In seconds: longer than any answer takes.
PATIENCE = 8

SERVICE = "stream.v1.StreamService"


class Wrong(Exception):
    """A call that did not go as its exercise says."""


def say(line):
    print(f"   {line}")


def in_words(error):
    if not isinstance(error, grpc.RpcError):
        return str(error)
    if error.code() == StatusCode.DEADLINE_EXCEEDED:
        return f"nothing more within {PATIENCE} s"
    return f"{error.code().name}: {error.details()}"


def learn(channel):
    """The stub and a function that makes messages, by reflection."""
    types = Reflection(channel).types(SERVICE)

    def message(kind, **fields):
        return types.message(f"stream.v1.{kind}")(**fields)

    return types.stub(channel, SERVICE), message


class Requests:
    """A stream of requests that stays open until `finish`."""

    def __init__(self):
        self.waiting = queue.Queue()
        self.send = self.waiting.put

    def finish(self):
        self.waiting.put(None)

    def __iter__(self):
        return iter(self.waiting.get, None)


# ---- server-stream

PAGE, INTERVAL = 3, 0.6


def call_server_stream(address):
    print("A. server-stream: one request, many replies")
    with grpc.insecure_channel(address) as channel:
        stub, message = learn(channel)
        say(f"Python calls  Repeat: 7 greetings; every {INTERVAL} s the server makes {PAGE} of them")
        since = time.monotonic()
        request = message("RepeatRequest", name="wire", count=7, interval_ms=int(INTERVAL * 1000))
        came, made = {}, {}
        for place, reply in enumerate(stub.Repeat(request, timeout=PATIENCE), start=1):
            if reply.number != place:
                raise Wrong(f"reply {reply.number} came in place {place}")
            came[place], made[place] = time.monotonic() - since, reply.made_us / 1e6
            say(f"and gets      {place} {reply.message}, after {came[place]:.1f} s")
        if len(came) != 7:
            raise Wrong(f"{len(came)} replies instead of 7")
        for last in (3, 6):
            if came[last] >= made[last + 1]:
                raise Wrong(f"reply {last} came only when reply {last + 1} had been made: the page "
                            "was held back")
        say("Python calls  Repeat: 1000 greetings, and cancels after the first")
        request = message("RepeatRequest", name="wire", count=1000, interval_ms=200)
        call = stub.Repeat(request, timeout=PATIENCE)
        next(call)
        call.cancel()
        # So that the server can print its line before it is ended.
        time.sleep(1)
    say("Whether the server has stopped then, it says itself: below, under `Meanwhile`.")


# ---- chat


class Caller:
    """A member of the room."""

    def __init__(self, name, stub, message):
        self.name, self.message, self.requests = name, message, Requests()
        say(f"{name} calls      Chat, and says nothing")
        self.call = stub.Chat(iter(self.requests), timeout=PATIENCE)
        # Headers come when the method has returned, before the first text.
        self.call.initial_metadata()
        if not self.call.is_active():
            raise Wrong(f"the call of {name} has not begun: {in_words(self.call)}")

    def says(self, text):
        say(f"{self.name} says       {text}")
        self.requests.send(self.message("ChatRequest", text=text))

    def hears(self, end):
        """The next text, which must end like this. Who said it stands in front."""
        try:
            reply = next(self.call)
        except StopIteration:
            raise Wrong(f"the call of {self.name} has ended, and `{end}` never came") from None
        except grpc.RpcError as error:
            raise Wrong(f"{self.name} did not hear `{end}`: {in_words(error)}") from None
        say(f"{self.name} hears      {reply.text}")
        if not reply.text.endswith(end):
            raise Wrong(f"expected something that ends with `{end}`")

    def finishes(self):
        say(f"{self.name} finishes   and goes on listening")
        self.requests.finish()

    def is_over(self):
        try:
            left = [reply.text for reply in self.call]
        except grpc.RpcError as error:
            raise Wrong(f"the call of {self.name} does not end well: {in_words(error)}") from None
        if left:
            raise Wrong(f"{self.name} has also heard {left}")
        say(f"{self.name} is told    that it is over: {self.call.code().name}")


def call_chat(address):
    print("B. chat: many requests, many replies, without turns")
    with grpc.insecure_channel(address) as channel:
        stub, message = learn(channel)
        ann = Caller("ann", stub, message)
        ben = Caller("ben", stub, message)
        ann.hears("joined")
        # Three in a row, while the other one is silent.
        for text in ["eins", "två", "三"]:
            ann.says(text)
        for text in ["eins", "två", "三"]:
            ben.hears(f": {text}")
        ben.says("hello")
        ann.hears(": hello")
        ben.finishes()
        ann.says("still there?")
        ben.hears(": still there?")
        ann.finishes()
        for caller in (ann, ben):
            caller.is_over()


# ---- backpressure

COUNT, SIZE, PAUSE = 5_000, 8_000, 1.0


def call_backpressure(address):
    print("C. backpressure: a client that stops reading for a while")
    with grpc.insecure_channel(address) as channel:
        stub, message = learn(channel)
        say(f"Python calls  Repeat: {COUNT} chunks of {SIZE} bytes, {COUNT * SIZE >> 20} MiB")
        since = time.monotonic()
        request = message("RepeatRequest", name="wire", count=COUNT, payload_bytes=SIZE)
        call = stub.Repeat(request, timeout=4 * PATIENCE)
        first = next(call)
        say(f"and gets      the first one, and reads nothing for {PAUSE:.0f} s")
        time.sleep(PAUSE)
        rested = time.monotonic() - since
        made = [first.made_us / 1e6]
        for place, reply in enumerate(call, start=2):
            if reply.number != place:
                raise Wrong(f"chunk {reply.number} came in place {place}")
            made.append(reply.made_us / 1e6)
        if len(made) != COUNT:
            raise Wrong(f"{len(made)} chunks instead of {COUNT}")
        waited = sum(moment < rested for moment in made)
        say(f"It has them all. When it read on, {waited} of them had been produced, "
            f"{waited * SIZE / (1 << 20):.1f} MiB.")
        if waited == COUNT:
            raise Wrong("all of them: they lay in the server's memory, for a client that did not read")
    say("They lay in the windows of HTTP/2 and in buffers. The producer waited for the reader.")


# ---- lesson 07's own server


def look_at_lesson(address):
    print("D. The same Python calls lesson 07's own server")
    with grpc.insecure_channel(address) as channel:
        stub, message = learn(channel)
        reply = stub.Greet(message("GreetRequest", name="wire"), timeout=PATIENCE)
        say(f"Greet         1 request, 1 reply: {reply.message}")
        request = message("RepeatRequest", name="wire", count=3)
        replies = list(stub.Repeat(request, timeout=PATIENCE))
        say(f"Repeat        1 request, {len(replies)} replies: {replies[0].message}, ...")
        names = (message("GreetAllRequest", name=name) for name in ["ann", "ben", "cid"])
        reply = stub.GreetAll(names, timeout=PATIENCE)
        say(f"GreetAll      {reply.count} requests, 1 reply: {reply.message}")
        texts = (message("ChatRequest", text=text) for text in ["eins", "två"])
        replies = [reply.text for reply in stub.Chat(texts, timeout=PATIENCE)]
        say(f"Chat          2 requests, {len(replies)} replies: {', '.join(replies)}")


def main():
    wrong = 0
    parts = [call_server_stream, call_chat, call_backpressure, look_at_lesson]
    for part, address in zip(parts, sys.argv[1:]):
        try:
            part(address)
        except Wrong as words:
            wrong += 1
            say(f"WRONG         {words}")
        except (grpc.RpcError, LookupError) as error:
            wrong += 1
            say(f"WRONG         {in_words(error)}")
        print()
    # A call of a broken chat may still wait for a text; it does not hold up the program.
    sys.stdout.flush()
    return 1 if wrong else 0


sys.exit(main())
