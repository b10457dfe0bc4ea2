// Uses the engine, awaits a result and falls off the end without close(): an idle engine must not keep the process alive.
import { createNativeBackend } from "../../../src/backends/native/index.js";
import { empty } from "../work.js";

const backend = createNativeBackend();
const x = empty(backend, 3);
backend.kernels.fill(x, 3, 2.5);
console.log(Array.from(await backend.read(x, 3)).join(" "));
