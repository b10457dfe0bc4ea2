// Prints how many threads an engine gets by default.
import { createNativeBackend } from "../../../src/backends/native/index.js";

const backend = createNativeBackend();
console.log(backend.threads);
backend.close();
