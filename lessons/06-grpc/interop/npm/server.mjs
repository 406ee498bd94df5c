// A server on @grpc/grpc-js for the client of lesson 06. It listens on a free port of 127.0.0.1 and
// prints `listening on ADDR`.
//
//   node server.mjs DESCRIPTORS

import grpc from "@grpc/grpc-js";
import { services } from "./services.mjs";

const { greeter, hello, say } = services(process.argv[2]);
const server = new grpc.Server();
const refused = { code: grpc.status.INVALID_ARGUMENT, details: "name: at least one character" };

server.addService(greeter.v1.Greeter.service, {
  SayHello: ({ request: { name } }, reply) =>
    name ? reply(null, { message: `hello ${name}` }) : reply(refused),
});
server.addService(hello.v1.HelloService.service, {
  SayHello: ({ request: { name } }, reply) => reply(null, { msg: `你好,${name}` }),
  SayName: ({ request: { name } }, reply) => reply(null, { msg: `你的名字是：${name}` }),
});
server.addService(say.v1.SayName.service, {
  SayHello: ({ request: { age, name } }, reply) => reply(null, { age, name: `${name}chi` }),
});
server.addService(say.v1.say.service, {
  saySomething: ({ request: { name } }, reply) => reply(null, { name, say: `${name}hello` }),
});
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on 127.0.0.1:${port}`);
});
// Whoever started this may be killed; then its standard input ends.
process.stdin.on("end", () => process.exit()).resume();
