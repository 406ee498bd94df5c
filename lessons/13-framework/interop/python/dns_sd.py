"""Somebody else's DNS-SD: python-zeroconf, on the loopback interface.

  dns_sd.py watch                      tells what it sees of our type, one JSON object a line
  dns_sd.py offer LABEL PORT TXT       announces, then takes lines: `update TXT`, `goodbye`
                                       (TXT is a JSON object of strings)
"""

import json
import socket
import sys

from zeroconf import IPVersion, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf

TYPE = "_sts._tcp.local."


def say(**what):
    print(json.dumps(what), flush=True)


class Listener(ServiceListener):
    def tell(self, event, zeroconf, name):
        info = zeroconf.get_service_info(TYPE, name, timeout=10_000)
        if info is None:
            return
        say(
            event=event,
            label=name.removesuffix("." + TYPE),
            port=info.port,
            addresses=info.parsed_addresses(IPVersion.V4Only),
            txt={
                key.decode(): None if value is None else value.decode()
                for key, value in info.properties.items()
            },
        )

    def add_service(self, zeroconf, _, name):
        self.tell("added", zeroconf, name)

    def update_service(self, zeroconf, _, name):
        self.tell("updated", zeroconf, name)

    def remove_service(self, _zeroconf, _, name):
        say(event="removed", label=name.removesuffix("." + TYPE))


def main(arguments):
    zeroconf = Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    match arguments:
        case ["watch"]:
            ServiceBrowser(zeroconf, TYPE, Listener())
            say(event="watching")
            sys.stdin.read()
        case ["offer", label, port, txt]:

            def info(txt):
                return ServiceInfo(
                    TYPE,
                    f"{label}.{TYPE}",
                    addresses=[socket.inet_aton("127.0.0.1")],
                    port=int(port),
                    properties=json.loads(txt),
                    server=f"{label}-host.local.",
                )

            zeroconf.register_service(info(txt))
            say(event="offered")
            for line in sys.stdin:
                match line.strip().split(" ", 1):
                    case ["update", txt]:
                        zeroconf.update_service(info(txt))
                        say(event="offered")
                    case ["goodbye"]:
                        zeroconf.unregister_service(info(txt))
                        say(event="gone")
        case _:
            raise SystemExit(__doc__)
    zeroconf.close()


main(sys.argv[1:])
