// Which backend tensors are made on: the native one where it can be loaded, else the reference in float32, said once.
import type { Backend } from "../backends/kernels.js";
import { createNativeBackend, nativeAvailability } from "../backends/native/index.js";
import { createReferenceBackend } from "../backends/reference/index.js";
import { ConfigError, nearest } from "../support/errors.js";
import { warnOnce } from "../support/log.js";

const choices = ["native", "reference", "reference64"];
let chosen: Backend | undefined;

/**
 * The backend that new tensors are made on. Made at first use: `ATTUNE_BACKEND` (native, reference, reference64) if it
 * is set, else native where the addon loads, else the slow TypeScript reference in float32, with one warning.
 */
export function currentBackend(): Backend {
  chosen ??= createDefault();
  return chosen;
}

/** Makes `backend` the one that new tensors are made on, and returns the one before it, if any was made. */
export function setBackend(backend: Backend | undefined): Backend | undefined {
  const before = chosen;
  chosen = backend;
  return before;
}

function createDefault(): Backend {
  const wish = process.env.ATTUNE_BACKEND;
  switch (wish) {
    case "native":
      return createNativeBackend();
    case "reference":
      return createReferenceBackend({ precision: "float32" });
    case "reference64":
      return createReferenceBackend({ precision: "float64" });
    case undefined:
    case "": {
      const { available, reason } = nativeAvailability();
      if (available) return createNativeBackend();
      warnOnce(
        "backend",
        `the native engine is not available (${reason}); running on the TypeScript reference, some hundred times slower. ` +
          "Install with optional dependencies, or install a C++ compiler and run `npm rebuild attune`.",
      );
      return createReferenceBackend({ precision: "float32" });
    }
    default: {
      const near = nearest(wish, choices);
      throw new ConfigError(
        `ATTUNE_BACKEND=${wish} is not a backend${near ? `; did you mean ${near}?` : ""} (one of ${choices.join(", ")})`,
      );
    }
  }
}
