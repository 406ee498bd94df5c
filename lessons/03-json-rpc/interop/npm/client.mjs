// A client on the npm package json-rpc-2.0: another implementation of the specification.
//
//   node client.mjs lines 127.0.0.1:8080
//   node client.mjs http 127.0.0.1:8081
//
// It prints one line for each kind of call that came out right, and fails at the first wrong one.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { JSONRPCClient, JSONRPCErrorException } from "json-rpc-2.0";

const [kind, address] = process.argv.slice(2);
const [host, port] = address.split(":");

function overLines() {
  const socket = connect({ host, port: Number(port) });
  const client = new JSONRPCClient((message) => {
    socket.write(JSON.stringify(message) + "\n");
  });
  createInterface({ input: socket }).on("line", (line) => client.receive(JSON.parse(line)));
  return { client, close: () => socket.end() };
}

function overHttp() {
  const client = new JSONRPCClient(async (message) => {
    const response = await fetch(`http://${address}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    if (response.status === 204) return;
    assert.equal(response.status, 200);
    client.receive(await response.json());
  });
  return { client, close: () => {} };
}

const { client, close } = kind === "lines" ? overLines() : overHttp();

assert.equal(await client.request("hello.HelloWorld", ["wire"]), "wire hello world");
assert.equal(await client.request("Panda.GetInfo", [100]), 200);
console.log("ordinary calls");

const numbers = Array.from({ length: 50 }, (_, number) => number);
const doubled = await Promise.all(numbers.map((number) => client.request("Panda.GetInfo", [number])));
assert.deepEqual(doubled, numbers.map((number) => 2 * number));
console.log("50 calls at once");

for (const [method, params, code] of [
  ["Panda.GetInfo", [-1], -32000],
  ["Panda.GetInfo", ["many"], -32602],
  ["Panda.Nope", [], -32601],
]) {
  await assert.rejects(Promise.resolve(client.request(method, params)), (error) => {
    assert.ok(error instanceof JSONRPCErrorException);
    assert.equal(error.code, code);
    return true;
  });
  assert.equal(await client.request("Panda.GetInfo", [21]), 42);
}
console.log("errors, and a good call after each");

client.notify("hello.HelloWorld", ["nobody"]);
for (const name of ["", "你好", '"}{\\', "a\nb\u2028c", "🦀", "x".repeat(1 << 20)]) {
  assert.equal(await client.request("hello.HelloWorld", [name]), `${name} hello world`);
}
console.log("a notification, and texts of every kind");
close();
