import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

// What takes longer than `npm test` may.
export default defineConfig({ ...base, test: { ...base.test, include: ["test/**/*.soak.ts"], maxWorkers: 1 } });
