import { mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

// What takes longer than `npm test` may.
export default mergeConfig(base, { test: { include: ["test/**/*.soak.ts"], exclude: [], maxWorkers: 1 } });
