"""py-consul does with a server what the lessons do: register, check, discover, watch, leave.

Arguments: the server's host:port, and host:port of something that takes TCP connections and answers HTTP.
Prints one line for each thing that worked; ends with an error at the first that did not.
"""

import sys
import threading
import time

import consul
from consul import Check
from consul.exceptions import BadRequest

host, port = sys.argv[1].rsplit(":", 1)
subject_host, subject_port = sys.argv[2].rsplit(":", 1)
client = consul.Consul(host=host, port=int(port))


def step(name, holds):
    if not holds:
        sys.exit(f"{name}: did not hold")
    print("ok", name, flush=True)


def soon(name, ask):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = ask()
        if found:
            print("ok", name, flush=True)
            return found
        time.sleep(0.05)
    sys.exit(f"{name}: not after 30 s")


def healthy(name, **how):
    return client.health.service(name, passing=True, **how)[1]


def ids(entries):
    return sorted(entry["Service"]["ID"] for entry in entries)


step("status", ":" in client.status.leader() and client.status.peers())
own = client.agent.self()
step("self", own["Config"]["NodeName"] == own["Member"]["Name"])
step("members", [m["Name"] for m in client.agent.members()] == [own["Member"]["Name"]])

# --- register and discover
service = client.agent.service
step(
    "register",
    service.register(
        "py-web",
        service_id="py-web-1",
        address="127.0.0.1",
        port=8080,
        tags=["grpc", "v1"],
        meta={"zone": "a"},
        weights={"Passing": 2, "Warning": 1},
        check=Check.ttl("10m"),
    ),
)
step("register again", service.register("py-web", service_id="py-web-2", tags=["v2"]))
known = client.agent.services()
step("services of the agent", known["py-web-1"]["Port"] == 8080 and "py-web-2" in known)
step("definition", client.agent.service_definition("py-web-1")["Meta"] == {"zone": "a"})
soon("discover", lambda: len(client.health.service("py-web")[1]) == 2)
step("only the passing", ids(healthy("py-web")) == ["py-web-2"])
step("TTL pass", client.agent.check.ttl_pass("service:py-web-1", notes="well"))
soon("both pass", lambda: ids(healthy("py-web")) == ["py-web-1", "py-web-2"])
step("a tag", ids(healthy("py-web", tag="v1")) == ["py-web-1"])
step("two tags", ids(healthy("py-web", tag=["grpc", "v1"])) == ["py-web-1"])
step("catalog", {s["ServiceID"] for s in client.catalog.service("py-web")[1]} == {"py-web-1", "py-web-2"})
step("names", set(client.catalog.services()[1]["py-web"]) == {"grpc", "v1", "v2"})
step("nodes", own["Config"]["NodeName"] in [n["Node"] for n in client.catalog.nodes()[1]])
node = client.catalog.node(own["Config"]["NodeName"])[1]
step("node", node["Services"]["py-web-1"]["Address"] == "127.0.0.1")
step("datacenters", client.catalog.datacenters() == ["dc1"])
step("checks of the service", client.health.checks("py-web")[1][0]["Output"] == "well")
step("states", "service:py-web-1" in [c["CheckID"] for c in client.health.state("passing")[1]])

# --- watch
def after(change, path):
    """What a blocking query sees that waits while `change` is made."""
    index, _ = path()
    seen = []
    watch = threading.Thread(target=lambda: seen.append(path(index=index, wait="50s")))
    watch.start()
    time.sleep(0.2)
    change()
    watch.join(45)
    if not seen or int(seen[0][0]) <= int(index):
        sys.exit("the watch was not woken, or its index stands still")
    return seen[0][1]


def watch_web(**how):
    return client.health.service("py-web", passing=True, **how)


left = after(lambda: client.agent.check.ttl_fail("service:py-web-1"), watch_web)
step("a watch sees a check fail", ids(left) == ["py-web-2"])
left = after(lambda: service.deregister("py-web-2"), watch_web)
step("a watch sees a service leave", left == [])
index, _ = watch_web()
since = time.monotonic()
watch_web(index=index, wait="1s")
step("a watch ends in time", 0.99 <= time.monotonic() - since < 30)

# --- checks
step("TTL warn", client.agent.check.ttl_warn("service:py-web-1"))
step("warning", client.agent.checks()["service:py-web-1"]["Status"] == "warning")
step("maintenance", service.maintenance("py-web-1", True, reason="tired"))
step("maintenance is a check", "_service_maintenance:py-web-1" in client.agent.checks())
step("maintenance off", service.maintenance("py-web-1", False))
service.register("py-tcp", check=Check.tcp(subject_host, int(subject_port), "1s", timeout="5s"))
service.register("py-http", check=Check.http(f"http://{sys.argv[2]}/", "1s", timeout="5s", header={"x-a": ["b"]}))
service.register("py-grpc", check=Check.grpc(sys.argv[2], "1s"))
soon("TCP check", lambda: ids(healthy("py-tcp")) == ["py-tcp"])
soon("HTTP check", lambda: ids(healthy("py-http")) == ["py-http"])
step("gRPC check", healthy("py-grpc") == [])
step("a check of its own", client.agent.check.register("py-extra", Check.ttl("10m"), service_id="py-tcp"))
soon("one more check, critical", lambda: healthy("py-tcp") == [])
step("the check leaves", client.agent.check.deregister("py-extra"))
soon("and all is well", lambda: ids(healthy("py-tcp")) == ["py-tcp"])

# --- leave
for name in ["py-web-1", "py-tcp", "py-http", "py-grpc"]:
    step(f"deregister {name}", service.deregister(name))
soon("nobody is left", lambda: client.health.service("py-web")[1] == [])
try:
    service.register("", port=1)
    sys.exit("a service without a name was taken")
except BadRequest as error:
    step("refused", "Missing service name" in str(error))

# --- key-value
kv = client.kv
step("put", kv.put("py/a", "one", flags=7))
index, entry = kv.get("py/a")
step("get", entry["Value"] == b"one" and entry["Flags"] == 7)
step("nothing there", kv.get("py/none")[1] is None)
step("bytes", kv.put("py/b", b"\xff\x00") and kv.get("py/b")[1]["Value"] == b"\xff\x00")
step("empty", kv.put("py/c/d", None) and kv.get("py/c/d")[1]["Value"] is None)
step("recurse", [e["Key"] for e in kv.get("py/", recurse=True)[1]] == ["py/a", "py/b", "py/c/d"])
step("keys", kv.get("py/", keys=True)[1] == ["py/a", "py/b", "py/c/d"])
step("separator", kv.get("py/", keys=True, separator="/")[1] == ["py/a", "py/b", "py/c/"])
step("CAS of a stranger", kv.put("py/a", "two", cas=0) is False)
step("CAS", kv.put("py/a", "two", cas=entry["ModifyIndex"]) is True)
changed = after(lambda: kv.put("py/a", "three"), lambda **how: kv.get("py/a", **how))
step("a watch sees a value", changed["Value"] == b"three")
step("delete with CAS", kv.delete("py/b", cas=1) is False)
step("delete", kv.delete("py/", recurse=True) and kv.get("py/", recurse=True)[1] is None)
print("all ok")
