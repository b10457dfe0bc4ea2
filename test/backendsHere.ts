// The backends that this machine can run, for suites that hold for all of them.
import type { Backend } from "../src/backends/kernels.js";
import { createNativeBackend, nativeAvailability } from "../src/backends/native/index.js";
import { createReferenceBackend } from "../src/backends/reference/index.js";

export interface BackendHere {
  readonly label: string;
  create(): Backend;
}

/** The float32 reference, and the native backend with every instruction set that the processor has, or with ATTUNE_ISA's. */
export function backendsHere(): BackendHere[] {
  const { available, isas, reason } = nativeAvailability();
  if (!available) throw new Error(`the native backend is not available: ${reason}; run npm run build:native`);
  return [
    { label: "the float32 reference", create: () => createReferenceBackend({ precision: "float32" }) },
    ...(process.env.ATTUNE_ISA ? [process.env.ATTUNE_ISA] : isas).map((isa) => ({
      label: `native ${isa}`,
      create: () => createNativeBackend({ isa }),
    })),
  ];
}
