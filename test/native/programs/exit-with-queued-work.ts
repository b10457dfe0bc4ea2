// Ends with process.exit(7) while much work is queued: the exit code must arrive, soon, and nothing be written to stderr.
import { createNativeBackend } from "../../../src/backends/native/index.js";
import { enqueueWork } from "../work.js";

const backend = createNativeBackend();
enqueueWork(backend, 5000);
backend.fence().wait().catch(console.error);
backend.read({ buffer: backend.allocate("float32", 4), offset: 0 }, 4).catch(console.error);
process.exit(7);
