// A client on @grpc/grpc-js for the server of lesson 06.
//
//   node client.mjs DESCRIPTORS ADDR

import assert from "node:assert/strict";
import grpc from "@grpc/grpc-js";
import { services } from "./services.mjs";

const [file, addr] = process.argv.slice(2);
const { greeter, hello, say } = services(file);
const insecure = grpc.credentials.createInsecure();

// A call as a promise of its reply; the metadata goes to the side.
function call(client, method, request, more = {}) {
  const seen = {};
  const reply = new Promise((done, failed) => {
    const metadata = new grpc.Metadata();
    for (const [key, value] of Object.entries(more)) metadata.set(key, value);
    const deadline = { deadline: Date.now() + 20_000 };
    client[method](request, metadata, deadline, (error, reply) =>
      error ? failed(error) : done(reply),
    )
      .on("metadata", (headers) => (seen.headers = headers))
      .on("status", (status) => (seen.trailers = status.metadata));
  });
  return Object.assign(reply, { seen });
}

const greeting = new greeter.v1.Greeter(addr, insecure);
const both = new hello.v1.HelloService(addr, insecure);
const names = new say.v1.SayName(addr, insecure);
const saying = new say.v1.say(addr, insecure);

assert.equal((await call(greeting, "SayHello", { name: "wire" })).message, "hello wire");
assert.equal((await call(both, "SayHello", { name: "wire" })).msg, "你好,wire");
assert.equal((await call(both, "SayName", { name: "wire" })).msg, "你的名字是：wire");
const teacher = await call(names, "SayHello", { age: 20, name: "san" });
assert.deepEqual({ ...teacher }, { age: 20, name: "sanchi" });
assert.equal((await call(saying, "saySomething", { name: "zhang" })).say, "zhanghello");
console.log("every method");

const many = [...Array(50).keys()].map((n) => call(greeting, "SayHello", { name: `${n}` }));
(await Promise.all(many)).forEach((reply, n) => assert.equal(reply.message, `hello ${n}`));
console.log("50 calls at once");

await assert.rejects(call(greeting, "SayHello", { name: "" }), {
  code: grpc.status.INVALID_ARGUMENT,
});
assert.equal((await call(greeting, "SayHello", { name: "again" })).message, "hello again");
console.log("an error, and a good call after it");

const traced = call(greeting, "SayHello", { name: "wire" }, { "x-request-id": "from-node" });
await traced;
// The status comes after the reply.
await new Promise((done) => setImmediate(done));
assert.deepEqual(traced.seen.headers.get("x-request-id"), ["from-node"]);
assert.equal(traced.seen.trailers.get("x-took-us").length, 1);
console.log("metadata and trailers");

for (const client of [greeting, both, names, saying]) client.close();
