"""Reads with py-consul what a service of this lesson has registered, as its callers would.

Arguments: host:port of Consul, and the name of the service. Prints one JSON object a line: the instances,
whether they are well or not. Packages: lessons/08-consul/interop/python/requirements.txt.
"""

import json
import sys

import consul

host, port = sys.argv[1].rsplit(":", 1)
client = consul.Consul(host=host, port=int(port))
_, entries = client.health.service(sys.argv[2])
for entry in entries:
    service = entry["Service"]
    found = {key: service[key] for key in ["ID", "Service", "Address", "Port", "Tags"]}
    found["Checks"] = sorted(check["Name"] for check in entry["Checks"] if check["ServiceID"])
    print(json.dumps(found, sort_keys=True), flush=True)
