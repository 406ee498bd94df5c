// The services of lesson 06, from the FileDescriptorSet that its build writes: no .proto files here
// and no generated code.

import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

export const services = (file) =>
  grpc.loadPackageDefinition(
    loader.loadFileDescriptorSetFromBuffer(readFileSync(file), { keepCase: true }),
  );
