// Starts a read and does nothing else: the read itself must keep the process alive until it has arrived.
import { createNativeBackend } from "../../../src/backends/native/index.js";
import { empty, enqueueWork } from "../work.js";

const backend = createNativeBackend();
enqueueWork(backend, 20);
const x = empty(backend, 1);
backend.kernels.fill(x, 1, 42);
backend.read(x, 1).then(([value]) => console.log(value), console.error);
