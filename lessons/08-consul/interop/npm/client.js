// The npm package `consul` does with a server what the lessons do: register, check, discover, watch, leave.
// Arguments: the server's host:port, and host:port of something that takes TCP connections and answers HTTP.
// Prints one line for each thing that worked; ends with an error at the first that did not.
import Consul from "consul";

const [host, port] = process.argv[2].split(":");
const subject = process.argv[3];
const consul = new Consul({ host, port: Number(port) });

function step(name, holds) {
  if (!holds) {
    console.error(`${name}: did not hold`);
    process.exit(1);
  }
  console.log("ok", name);
}

async function soon(name, ask) {
  const end = Date.now() + 30_000;
  while (Date.now() < end) {
    if (await ask()) return console.log("ok", name);
    await new Promise((done) => setTimeout(done, 50));
  }
  console.error(`${name}: not after 30 s`);
  process.exit(1);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const ids = (entries) => entries.map((entry) => entry.Service.ID).sort();
const healthy = async (service, more = {}) =>
  ids(await consul.health.service({ service, passing: true, ...more }));

step("status", (await consul.status.leader()).includes(":"));
step("peers", (await consul.status.peers()).length === 1);
const own = await consul.agent.self();
step("self", own.Config.NodeName === own.Member.Name);
step("members", (await consul.agent.members())[0].Name === own.Member.Name);

// --- register and discover
await consul.agent.service.register({
  name: "js-web",
  id: "js-web-1",
  address: "127.0.0.1",
  port: 8080,
  tags: ["grpc", "v1"],
  meta: { zone: "a" },
  check: { ttl: "10m", notes: "a note", status: "critical" },
});
await consul.agent.service.register({ name: "js-web", id: "js-web-2", tags: ["v2"] });
const known = await consul.agent.service.list();
step("services of the agent", known["js-web-1"].Port === 8080 && known["js-web-2"]);
await soon(
  "discover",
  async () => (await consul.health.service("js-web")).length === 2,
);
step("only the passing", same(await healthy("js-web"), ["js-web-2"]));
await consul.agent.check.pass({ id: "service:js-web-1", note: "well" });
await soon("both pass", async () => same(await healthy("js-web"), ["js-web-1", "js-web-2"]));
step("a tag", same(await healthy("js-web", { tag: "v1" }), ["js-web-1"]));
const nodes = await consul.catalog.node.list();
step("nodes", nodes.some((node) => node.Node === own.Config.NodeName));
const services = await consul.catalog.service.list();
step("names", same([...services["js-web"]].sort(), ["grpc", "v1", "v2"]));
const entries = await consul.catalog.service.nodes("js-web");
step("catalog", same(entries.map((e) => e.ServiceID).sort(), ["js-web-1", "js-web-2"]));
const node = await consul.catalog.node.services(own.Config.NodeName);
step("node", node.Services["js-web-1"].Address === "127.0.0.1");
step("datacenters", same(await consul.catalog.datacenters(), ["dc1"]));
step("checks", (await consul.health.checks("js-web"))[0].Output === "well");
const states = await consul.health.state("passing");
step("states", states.some((check) => check.CheckID === "service:js-web-1"));

// --- watch
function watching(method, options) {
  const watch = consul.watch({ method, options: { wait: "20s", ...options } });
  const seen = [];
  const waiters = [];
  watch.on("change", (data) => {
    seen.push(data);
    waiters.splice(0).forEach((wake) => wake());
  });
  watch.on("error", (error) => {
    console.error("watch:", error);
    process.exit(1);
  });
  return {
    end: () => watch.end(),
    async sees(name, holds) {
      const end = Date.now() + 45_000;
      while (!seen.some(holds)) {
        if (Date.now() > end) step(name, false);
        await new Promise((wake) => {
          waiters.push(wake);
          setTimeout(wake, 1000);
        });
      }
      console.log("ok", name);
    },
  };
}
const web = watching(consul.health.service, { service: "js-web", passing: true });
await web.sees("a watch starts with what is", (data) => data.length === 2);
await consul.agent.check.fail("service:js-web-1");
await web.sees("a watch sees a check fail", (data) => same(ids(data), ["js-web-2"]));
await consul.agent.service.deregister("js-web-2");
await web.sees("a watch sees a service leave", (data) => data.length === 0);
web.end();

// --- checks
await consul.agent.check.warn("service:js-web-1");
const checks = await consul.agent.check.list();
step("warning", checks["service:js-web-1"].Status === "warning");
await consul.agent.service.maintenance({ id: "js-web-1", enable: true, reason: "tired" });
step("maintenance", (await consul.agent.check.list())["_service_maintenance:js-web-1"]);
await consul.agent.service.maintenance({ id: "js-web-1", enable: false });
await consul.agent.service.register({
  name: "js-tcp",
  check: { tcp: subject, interval: "1s", timeout: "5s" },
});
await consul.agent.service.register({
  name: "js-http",
  checks: [{ http: `http://${subject}/`, interval: "1s", timeout: "5s" }],
});
await soon("TCP check", async () => same(await healthy("js-tcp"), ["js-tcp"]));
await soon("HTTP check", async () => same(await healthy("js-http"), ["js-http"]));
await consul.agent.check.register({ name: "js-extra", serviceid: "js-tcp", ttl: "10m" });
await soon("one more check, critical", async () => same(await healthy("js-tcp"), []));
await consul.agent.check.deregister("js-extra");
await soon("and all is well", async () => same(await healthy("js-tcp"), ["js-tcp"]));

// --- leave
for (const id of ["js-web-1", "js-tcp", "js-http"]) await consul.agent.service.deregister(id);
await soon("nobody is left", async () => same(await healthy("js-tcp"), []));
const refusal = await consul.agent.service
  .register({ name: "js-bad", check: { ttl: "never" } })
  .catch((error) => error);
step("refused", `${refusal.message}`.includes("invalid duration"));

// --- key-value
const { kv } = consul;
step("put", await kv.set({ key: "js/a", value: "one", flags: 7 }));
const entry = await kv.get("js/a");
step("get", entry.Value === "one" && entry.Flags === 7);
step("raw", (await kv.get({ key: "js/a", raw: true })).toString() === "one");
step("nothing there", (await kv.get("js/none")) === undefined);
await kv.set("js/b", "two");
await kv.set("js/c/d", "three");
step("keys", same(await kv.keys("js/"), ["js/a", "js/b", "js/c/d"]));
step("separator", same(await kv.keys({ key: "js/", separator: "/" }), ["js/a", "js/b", "js/c/"]));
const all = await kv.get({ key: "js/", recurse: true });
step("recurse", same(all.map((e) => e.Value), ["one", "two", "three"]));
// This client turns `false` into nothing at all.
step("CAS of a stranger", !(await kv.set({ key: "js/a", value: "x", cas: "0" })));
step("CAS", await kv.set({ key: "js/a", value: "two", cas: `${entry.ModifyIndex}` }));
const value = watching(kv.get, { key: "js/a" });
await value.sees("a watch starts with the value", (data) => data.Value === "two");
await kv.set("js/a", "three");
await value.sees("a watch sees a value", (data) => data.Value === "three");
value.end();
await kv.del({ key: "js/", recurse: true });
step("delete", (await kv.get({ key: "js/", recurse: true })) === undefined);
console.log("all ok");
process.exit(0);
