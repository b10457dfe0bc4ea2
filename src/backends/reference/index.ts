// The reference backend: the definition of right in tests (float64), the fallback of native code (float32).
export { createReferenceBackend } from "./backend.js";
export type { Precision } from "./memory.js";
