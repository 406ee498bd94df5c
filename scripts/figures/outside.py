"""Attacks on the HTTP servers and stores of the course from outside, on 127.0.0.1: the ten that have once worked.
`python3 scripts/figures attack` runs them with the others, `python3 scripts/figures outside` runs them alone.
"""

import json
import resource
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from rpc import REPOSITORY

# The addresses of an attacker and of an honest visitor; both are this machine.
ATTACKER, VISITOR = "127.0.0.1", "127.0.0.9"


def programs():
    """Release builds of the lessons and the runner: the path of each program by its name."""
    packages = ["l03-json-rpc", "l08-consul", "l14-gateway", "l15-redis", "l16-captcha", "workbook"]
    command = ["cargo", "build", "--release", "--bins", "--message-format", "json"]
    for package in packages:
        command += ["-p", package]
    out = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE)
    built = [json.loads(line) for line in out.stdout.splitlines()]
    return {message["target"]["name"]: message["executable"]
            for message in built if message.get("executable")}


# ---- requests and servers

def connect(address, source=ATTACKER, timeout=10):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=timeout, source_address=(source, 0))


def exchange(address, data, timeout=10):
    """All that a server answers to these bytes, until it closes or nothing comes for a second."""
    answer = b""
    with connect(address, timeout=timeout) as one:
        one.settimeout(1)
        try:
            one.sendall(data)
            while part := one.recv(65536):
                answer += part
        except OSError:
            pass
    return answer


class Reply:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if lines[0].startswith("HTTP/") else 0
        self.headers = [line.split(": ", 1) for line in lines[1:] if ": " in line]

    def cookie(self):
        cookies = [value.split(";")[0] for name, value in self.headers if name.lower() == "set-cookie"]
        return cookies[-1] if cookies else None

    def json(self):
        return json.loads(self.body)


def ask(address, method, path, headers=(), body=b"", source=ATTACKER, timeout=10):
    """One request on a connection of its own."""
    lines = [f"{method} {path} HTTP/1.1", "connection: close", f"content-length: {len(body)}"]
    given = dict(headers)
    given.setdefault("host", address)
    lines += [f"{name}: {value}" for name, value in given.items()]
    data = b""
    with connect(address, source, timeout) as one:
        one.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        while part := one.recv(65536):
            data += part
    return Reply(data)


def free():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return f"127.0.0.1:{one.getsockname()[1]}"


class Server:
    """Programs that end with the `with` block; `address` listens when it begins."""

    def __init__(self, address, *commands):
        self.processes = [subprocess.Popen([str(word) for word in command], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                          for command in commands]
        for _ in range(400):
            try:
                return connect(address).close()
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"{commands[-1][0]} does not listen on {address}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait()


class Site:
    """The whole captcha site with its usual limits."""

    def __init__(self, program):
        command = [program, "--no-open", "--json", "--web", "127.0.0.1:0", "--services", "127.0.0.1:0,127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("{"):
                places = json.loads(line)
                self.web, self.redis = places["web"], places["redis"]
                # What is not read would stop the site, once the pipe is full.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise SystemExit("".join(said))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def picture(self, cookie=None, source=ATTACKER, headers=()):
        """Asks for a picture: the reply, and the id."""
        headers = dict(headers)
        if cookie:
            headers["cookie"] = cookie
        fresh = ask(self.web, "POST", "/api/v1.0/imagecode", headers, source=source)
        if fresh.status != 200:
            return fresh, None
        headers["cookie"] = fresh.cookie() or cookie
        made = fresh.json()
        made = made.get("data", made)
        reply = ask(self.web, "GET", made["url"], headers, source=source)
        reply.headers.append(["set-cookie", reply.cookie() or headers["cookie"]])
        return reply, made["id"]

    def code(self, name):
        """The code of a picture, from the store: an attacker whose reader makes no mistake."""
        key = resp(self.redis, "KEYS", f"*{name}*").split(b"\r\n")[2]
        return resp(self.redis, "GET", key.decode()).split(b"\r\n")[1].split()[-1].decode()

    def answer(self, cookie, name, code, source=ATTACKER):
        body = json.dumps({"id": name, "answer": code}).encode()
        headers = {"cookie": cookie, "content-type": "application/json"}
        return ask(self.web, "POST", "/api/v1.0/verify", headers, body, source)

    def let_in(self, cookie):
        return b'"errno":"0"' in ask(self.web, "GET", "/api/v1.0/session", {"cookie": cookie}).body


def resp(address, *words):
    """One command to a Redis, as bytes."""
    data = b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words)
    with connect(address) as one:
        one.settimeout(0.5)
        one.sendall(data)
        answer = b""
        try:
            while part := one.recv(65536):
                answer += part
                if answer.endswith(b"\r\n"):
                    one.settimeout(0.05)
        except OSError:
            pass
    return answer


def silent(address, count):
    """Connections that send nothing, as many of them as the server takes."""
    ones, refused = [], 0
    while len(ones) < count and refused < 3:
        try:
            ones.append(connect(address, timeout=1))
        except OSError:
            refused += 1
    return ones


def visits(address, path, source=VISITOR, count=20):
    """How many of some requests were answered within 3 s, and the slowest of them in ms."""
    done, slowest = 0, 0.0
    for _ in range(count):
        began = time.perf_counter()
        try:
            done += ask(address, "GET", path, source=source, timeout=3).status == 200
        except OSError:
            pass
        slowest = max(slowest, time.perf_counter() - began)
    return done, slowest * 1e3


# ---- the attacks: each yields what was done, what came of it, and whether it has worked

def redis_post(program):
    address = free()
    with Server(address, [program["l15-redis"], "server", "--addr", address]):
        body = b"SET stolen 1\r\n"
        head = b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: %d\r\n\r\n" % len(body)
        exchange(address, head + body)
        stolen = resp(address, "GET", "stolen")
        yield "1 commands in an HTTP POST: Redis of 15", "1 POST", f"the key: {stolen!r}", not stolen.startswith(b"$-1")


def line_post(program):
    address, others = free(), [free(), free()]
    command = [program["l03-json-rpc"], "server", "--addr", address, "--http-addr", others[0], "--go-addr", others[1]]
    with Server(address, command):
        call = b'{"jsonrpc":"2.0","method":"hello.HelloWorld","params":["wire"],"id":1}\n'
        for port, name in ((address, "lines"), (others[1], "Go's dialect")):
            head = b"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: %d\r\n\r\n" % len(call)
            answer = exchange(port, head + call)
            yield f"1 calls in an HTTP POST: 03, {name}", "1 POST", f"{len(answer)} bytes", b"wire" in answer


def silent_web(program):
    with Site(program["l16-captcha"]) as site:
        ones = silent(site.web, 1300)
        done, slowest = visits(site.web, "/")
        yield ("2 silent connections: the web of 16", f"{len(ones)} connections",
               f"{done} of 20 others served, slowest {slowest:.0f} ms", done < 20)
        for one in ones:
            one.close()


def silent_runner(program):
    with runner(program) as at:
        ones = silent(at, 2000)
        done, slowest = visits(at, "/01-tcp.html", ATTACKER)
        yield ("2 silent connections: the runner", f"{len(ones)} connections",
               f"{done} of 20 requests served, slowest {slowest:.0f} ms", done < 20)
        for one in ones:
            one.close()


def flood(program):
    with Site(program["l16-captcha"]) as site:
        reply, name = site.picture()
        known = site.answer(reply.cookie(), name, site.code(name)).cookie() or reply.cookie()
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            replies = list(pool.map(lambda _: site.picture()[0].status, range(900)))
        took = time.monotonic() - began
        again = site.picture(known)[0].status
        new = site.picture()[0].status
        elsewhere = site.picture(source=VISITOR)[0].status
        yield ("3 a limit as a weapon: pictures", f"900 in {took:.1f} s, {replies.count(200)} given",
               f"same address: known session {again}, new one {new}; other address {elsewhere}",
               again != 200 or elsewhere != 200)


def same_site(program):
    with Site(program["l16-captcha"]) as site:
        cookie = ask(site.web, "GET", "/").cookie()
        reply = site.picture(cookie, headers={"sec-fetch-site": "same-site"})[0]
        yield "4 a page on another port asks for pictures", "1 request", f"status {reply.status}", reply.status == 200


class runner:
    def __init__(self, program):
        self.at = free()
        port = self.at.rsplit(":", 1)[1]
        self.server = Server(self.at, [program["workbook"], "start", "--no-open", "--plain", "--port", port])

    def __enter__(self):
        for _ in range(600):
            if ask(self.at, "GET", "/01-tcp.html").status == 200:
                break
            time.sleep(0.1)
        return self.at

    def __exit__(self, *_):
        self.server.__exit__()


def encoded_path(program):
    with runner(program) as at:
        seen = [ask(at, "GET", path, {"sec-fetch-site": "cross-site"}).status
                for path in ("/workbook/state", "/%77orkbook/state", "//workbook/state", "/x/../workbook/state")]
        yield "5 the runner's guard and an encoded path", f"{len(seen)} spellings", f"status {seen}", 200 in seen


def rebinding(program):
    evil = {"host": "evil.example", "origin": "http://evil.example"}
    with Site(program["l16-captcha"]) as site:
        status = ask(site.web, "POST", "/api/v1.0/imagecode", evil).status
        yield "6 DNS rebinding: the web of 16", "1 request", f"status {status}", status != 421
    at = free()
    with Server(at, [program["l14-gateway"], "gateway", "--addr", at, "--expose", "user"]):
        status = ask(at, "GET", "/user/say/hello?name=evil", evil).status
        yield "6 DNS rebinding: the gateway of 14", "1 request", f"status {status}", status != 421
    at = free()
    with Server(at, [program["l08-consul"], "agent", "--http-addr", at]):
        status = ask(at, "PUT", "/v1/agent/service/register", evil, b'{"Name":"evil"}').status
        known = ask(at, "GET", "/v1/agent/services").json()
        yield "6 DNS rebinding: the agent of 08", "1 request", f"status {status}, services {known}", bool(known)
    with runner(program) as at:
        status = ask(at, "GET", "/workbook/state", evil).status
        yield "6 DNS rebinding: the runner", "1 request", f"status {status}", status == 200


def fixation(program):
    with Site(program["l16-captcha"]) as site:
        planted = ask(site.web, "GET", "/").cookie()
        reply, name = site.picture(planted)
        verdict = site.answer(planted, name, site.code(name))
        new, old = site.let_in(verdict.cookie() or planted), site.let_in(planted)
        yield ("7 session fixation: a planted cookie", "1 right answer", f"let in: new session {new}, planted one {old}",
               old or not new)


def lying_store(program):
    listener = socket.create_server(("127.0.0.1", 0))
    store = f"127.0.0.1:{listener.getsockname()[1]}"
    lie = [b"+OK\r\n"]

    def serve():
        while True:
            try:
                one, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=tell, args=(one,), daemon=True).start()

    def tell(one):
        try:
            while data := one.recv(65536):
                one.sendall(lie[0] * max(1, data.count(b"*")))
        except OSError:
            pass

    threading.Thread(target=serve, daemon=True).start()
    service, web = free(), free()
    commands = [[program["l16-captcha"], "service", "--addr", service, "--redis", store],
                [program["l16-captcha"], "web", "--addr", web]]
    with Server(service, commands[0]), Server(web, commands[1]):
        cookie, seen = ask(web, "GET", "/").cookie(), {}
        for lie[0] in (b"+OK\r\n", b":1\r\n", b"+1\r\n", b"$3\r\nyes\r\n", b"*0\r\n"):
            reply = ask(web, "GET", "/api/v1.0/session", {"cookie": cookie})
            seen[lie[0].decode().replace("\r\n", " ").strip()] = b'"errno":"0"' in reply.body
        yield ("8 a lying store", f"{len(seen)} lies", "let in by " + (", ".join(k for k, v in seen.items() if v) or "none"),
               any(seen.values()))
    listener.close()


def unknown_names(program):
    user, at = free(), free()
    commands = [[program["l14-gateway"], "user", "--server_address", user],
                [program["l14-gateway"], "gateway", "--addr", at, "--expose", "*"]]
    with Server(user, commands[0]), Server(at, commands[1]):
        time.sleep(2)
        with ThreadPoolExecutor(32) as pool:
            flood = [pool.submit(ask, at, "GET", f"/nobody{number}/say/hello", source=ATTACKER)
                     for number in range(3000)]
            time.sleep(0.5)
            began = time.perf_counter()
            status = ask(at, "GET", "/user/say/hello?name=wire", source=VISITOR).status
            took = (time.perf_counter() - began) * 1e3
            done = sum(one.result().status > 0 for one in flood)
        yield ("9 a flood of unknown names: the gateway of 14", f"{done} names",
               f"first call of a service: status {status} after {took:.0f} ms", status != 200)


def right_answers(program):
    with Site(program["l16-captcha"]) as site:
        began, passes = time.monotonic(), 0
        for _ in range(150):
            reply, name = site.picture()
            if reply.status == 200:
                verdict = site.answer(reply.cookie(), name, site.code(name))
                passes += b'"errno":"0"' in verdict.body
        yield ("10 a reader that makes no mistake", f"150 answers in {time.monotonic() - began:.1f} s",
               f"{passes} let in; the limit is 60 a minute", passes > 60)


ATTACKS = [redis_post, line_post, silent_web, silent_runner, flood, same_site, encoded_path, rebinding, fixation,
           lying_store, unknown_names, right_answers]


def outside(_work):
    """One row for each attack."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    program = programs()
    print("Attacks from outside on the servers of the course, each on new processes, release builds")
    print(f"{'attack':<48}{'sent':<34}{'what came of it':<72}")
    for attack in ATTACKS:
        for name, sent, result, worked in attack(program):
            print(f"{name:<48}{sent:<34}{result:<72}{'WORKS' if worked else 'fails'}", flush=True)
    print()
