// The property tests of codecs and streams with twenty times as many examples: every round trip through Arrow, Parquet, CSV
// and JSON, damaged files, streams that are stopped and resumed anywhere.
import { vi } from "vitest";
import { scaleRuns } from "../runs.js";

vi.setConfig({ testTimeout: 1_200_000 });
scaleRuns(20);
await import("./arrow/write.test.js");
await import("./parquet/parquet.test.js");
await import("./save.test.js");
await import("./decimals.test.js");
await import("./write.test.js");
await import("./streaming.test.js");
