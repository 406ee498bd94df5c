// A server on the npm package json-rpc-2.0, a message a line. It listens on a free port of 127.0.0.1
// and prints `listening on ADDR`.

import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { JSONRPCErrorException, JSONRPCServer } from "json-rpc-2.0";

const server = new JSONRPCServer({ errorListener: () => {} });
server.addMethod("hello.HelloWorld", ([name]) => `${name} hello world`);
server.addMethod("Panda.GetInfo", async ([number]) => {
  if (number < 0) throw new JSONRPCErrorException("a panda has no negative number", -32000);
  // The larger, the sooner: so replies overtake each other.
  await new Promise((done) => setTimeout(done, Math.max(0, 30 - number)));
  return 2 * number;
});

createServer((socket) => {
  createInterface({ input: socket }).on("line", async (line) => {
    const reply = await server.receiveJSON(line);
    if (reply) socket.write(JSON.stringify(reply) + "\n");
  });
}).listen(0, "127.0.0.1", function () {
  const { address, port } = this.address();
  console.log(`listening on ${address}:${port}`);
});
