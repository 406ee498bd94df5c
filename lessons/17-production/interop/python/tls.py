"""Lesson 06's greeter over TLS, by grpcio: the messages are bytes, so there is no generated code.

    python3 tls.py client ADDR AUTHORITY [IDENTITY]    one greeting; with IDENTITY, a file, by mutual TLS
    python3 tls.py server IDENTITY [AUTHORITY]         a greeter; with AUTHORITY clients must show a certificate
"""

import concurrent.futures
import sys

import grpc

METHOD = "/greeter.v1.Greeter/SayHello"
ROLE, *REST = sys.argv[1:]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def client(addr, authority, identity=None):
    # Certificate and key are in one file; each reader takes its own part of it.
    own = read(identity) if identity else None
    credentials = grpc.ssl_channel_credentials(read(authority), own, own)
    with grpc.secure_channel(addr, credentials) as channel:
        try:
            # Field 1 with four bytes.
            reply = channel.unary_unary(METHOD)(b"\x0a\x04wire", timeout=60)
        except grpc.RpcError as error:
            print(error.code().name)
        else:
            print(reply[2:].decode())


def server(identity, authority=None):
    own = read(identity)
    credentials = grpc.ssl_server_credentials(
        [(own, own)], read(authority) if authority else None, require_client_auth=bool(authority))

    def hello(request, _context):
        text = b"hello " + request[2:]
        return bytes([0x0A, len(text)]) + text

    handler = grpc.method_handlers_generic_handler(
        "greeter.v1.Greeter", {"SayHello": grpc.unary_unary_rpc_method_handler(hello)})
    serving = grpc.server(concurrent.futures.ThreadPoolExecutor(4), handlers=[handler])
    port = serving.add_secure_port("127.0.0.1:0", credentials)
    serving.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    sys.stdin.read()


{"client": client, "server": server}[ROLE](*REST)
