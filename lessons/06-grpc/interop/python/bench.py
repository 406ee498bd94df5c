"""Both sides of the greeting call on Python's grpcio: what lesson 06 is measured against.
`python3 scripts/figures grpc` runs it.

    python3 bench.py DESCRIPTORS server                    says where it listens
    python3 bench.py DESCRIPTORS ADDR IN_FLIGHT CALLS      makes the calls on one connection

The client prints calls a second, and the median and the 99th percentile of a call in microseconds.
Both are of grpcio's asyncio kind. The threaded kind was about as fast when it was tried.
"""

import asyncio
import sys
import time

import grpc
import stranger

types = stranger.from_file(sys.argv[1])
Request = types.message("greeter.v1.HelloRequest")
Reply = types.message("greeter.v1.HelloReply")


async def greet(request, _context):
    return Reply(message=f"hello {request.name}")


async def serve():
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([types.handler("greeter.v1.Greeter", {"SayHello": greet})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stranger.tell(f"listening on 127.0.0.1:{port}")
    await server.wait_for_termination()


async def calls(call, count):
    """Makes so many calls, one after the other, and tells how long each of them took."""
    times = []
    for _ in range(count):
        since = time.perf_counter()
        reply = await call(Request(name="wire"))
        assert reply.message == "hello wire", reply
        times.append(time.perf_counter() - since)
    return times


async def measure(address, in_flight, count):
    async with grpc.aio.insecure_channel(address) as channel:
        call = types.stub(channel, "greeter.v1.Greeter").SayHello
        # The first tenth of the calls comes on top and is not counted: everything is cold then.
        await calls(call, count // 10)
        since = time.perf_counter()
        callers = [calls(call, count // in_flight) for _ in range(in_flight)]
        times = sorted(sum(await asyncio.gather(*callers), []))
        took = time.perf_counter() - since
    print(f"{len(times) / took:.0f} {times[len(times) // 2] * 1e6:.1f} "
          f"{times[len(times) * 99 // 100] * 1e6:.1f}")


if sys.argv[2] == "server":
    asyncio.run(serve())
else:
    asyncio.run(measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
