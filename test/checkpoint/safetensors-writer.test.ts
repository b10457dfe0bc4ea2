import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SAFETENSORS_DTYPES, type SafetensorsDtype, tensorBytes } from "../../src/checkpoint/dtypes.js";
import { openSafetensors } from "../../src/checkpoint/safetensors.js";
import { type TensorToWrite, writeSafetensors } from "../../src/checkpoint/safetensors-writer.js";
import { AttuneError, ConfigError } from "../../src/support/errors.js";
import { describeShared, sharedPath } from "../shared.js";
import { fileBytes, TENSORS, temporaryFolder, WRITTEN_BY_RUST } from "./files.js";

const folder = temporaryFolder();
const root = fileURLToPath(new URL("../../", import.meta.url));

const tensor = (name: string, dtype: SafetensorsDtype, shape: number[], values: ArrayBufferView): TensorToWrite => ({
  name,
  dtype,
  shape,
  data: () => values,
});

/** Reads every tensor of a file and writes them again elsewhere. */
async function rewrite(from: string, to: string): Promise<void> {
  await using file = await openSafetensors(from);
  const tensors = file.names.map((name) => ({ name, ...file.info(name), data: () => file.read(name) }));
  await writeSafetensors(to, tensors, file.metadata);
}

describe("layout", () => {
  it("is what the format describes", async () => {
    const path = join(folder, "layout.safetensors");
    await writeSafetensors(path, [
      tensor("small", "U8", [3], new Uint8Array([1, 2, 3])),
      tensor("b", "F32", [1, 2], new Float32Array([1, -2])),
      tensor("a", "F32", [], new Float32Array([0.5])),
      tensor("ids", "I64", [1], new BigInt64Array([258n])),
    ]);
    const header =
      '{"__metadata__":{"format":"pt"},' +
      '"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},' +
      '"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]},' +
      '"b":{"dtype":"F32","shape":[1,2],"data_offsets":[12,20]},' +
      '"small":{"dtype":"U8","shape":[3],"data_offsets":[20,23]}}';
    const data = [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1, 2, 3];
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8, " ");
    expect(padded.length - header.length).toBeGreaterThan(0);
    expect(readFileSync(path)).toEqual(fileBytes(padded, new Uint8Array(data)));
  });

  it("is the Rust library's, byte for byte", async () => {
    const path = join(folder, "rust.safetensors");
    await writeSafetensors(
      path,
      TENSORS.map(({ name, dtype, shape, values }) => tensor(name, dtype, [...shape], values)),
    );
    expect(readFileSync(path)).toEqual(WRITTEN_BY_RUST);
    await writeSafetensors(path, []);
    expect(readFileSync(path, "latin1")).toBe(' \0\0\0\0\0\0\0{"__metadata__":{"format":"pt"}}');
    await writeSafetensors(path, [], {});
    expect(readFileSync(path, "latin1")).toBe("\b\0\0\0\0\0\0\0{}      ");
  });

  it("asks for one tensor's data at a time, in the order of the file", async () => {
    const path = join(folder, "streamed.safetensors");
    const asked: string[] = [];
    let open = 0;
    const lazy = (name: string, dtype: SafetensorsDtype): TensorToWrite => ({
      name,
      dtype,
      shape: [2],
      data: async () => {
        asked.push(name);
        expect(++open).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
        return new Uint8Array(tensorBytes(dtype, [2]) ?? 0);
      },
    });
    await writeSafetensors(path, [lazy("c", "F16"), lazy("b", "F32"), lazy("a", "F32"), lazy("d", "F64")]);
    expect(asked).toEqual(["d", "a", "b", "c"]);
  });

  it("writes the part of a buffer that a view shows", async () => {
    const path = join(folder, "view.safetensors");
    await writeSafetensors(path, [tensor("v", "F32", [2], new Float32Array([9, 1, 2, 9]).subarray(1, 3))]);
    await using file = await openSafetensors(path);
    expect([...(await file.readFloat32("v"))]).toEqual([1, 2]);
  });

  it("gives back any tensors under any names", async () => {
    const path = join(folder, "any.safetensors");
    const dtype = fc.constantFrom(...SAFETENSORS_DTYPES);
    const shape = fc.array(fc.constantFrom(0, 1, 2, 3, 4, 8), { maxLength: 3 });
    const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => text !== "__metadata__");
    const any = fc.record({
      name: fc.oneof(name, fc.constantFrom("__proto__", "0", "1", "constructor")),
      dtype,
      shape,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(any, { selector: (item) => item.name, maxLength: 8 }),
        fc.dictionary(fc.string(), fc.string()),
        async (items, metadata) => {
          const whole = items.filter((item) => tensorBytes(item.dtype, item.shape) !== undefined);
          const data = whole.map((item, i) => new Uint8Array(tensorBytes(item.dtype, item.shape) ?? 0).fill(i + 1));
          await writeSafetensors(
            path,
            whole.map((item, i) => ({ ...item, data: () => data[i] })),
            metadata,
          );
          await using file = await openSafetensors(path);
          expect({ ...file.metadata }).toEqual({ ...metadata });
          expect(new Set(file.names)).toEqual(new Set(whole.map((item) => item.name)));
          for (const [i, item] of whole.entries()) {
            expect(file.info(item.name)).toEqual({
              dtype: item.dtype,
              shape: item.shape,
              byteLength: data[i].byteLength,
            });
            expect(Buffer.compare(await file.read(item.name), data[i])).toBe(0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe("refusals", () => {
  it("names what cannot be written, before it writes", async () => {
    const path = join(folder, "refused.safetensors");
    const one = new Uint8Array(4);
    const cases: [TensorToWrite[], RegExp][] = [
      [[tensor("a", "F32", [1], one), tensor("a", "U8", [4], one)], /two tensors are named a$/],
      [[tensor("__metadata__", "F32", [1], one)], /may not be named __metadata__/],
      [[tensor("a", "F4", [3], one)], /tensor a has the impossible shape \[3\] for F4/],
      [[tensor("a", "F32", [-1], one)], /impossible shape \[-1\]/],
      [[tensor("a", "F32", [0.25], one)], /impossible shape \[0.25\]/],
      [[tensor("a", "float32" as SafetensorsDtype, [1], one)], /tensor a has unknown dtype float32/],
    ];
    for (const [tensors, message] of cases) {
      const error = await writeSafetensors(path, tensors).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).toContain(path);
      expect(existsSync(path)).toBe(false);
    }
  });

  it("names a tensor whose data has other bytes, and keeps the old file", async () => {
    const path = join(folder, "old.safetensors");
    writeFileSync(path, "old");
    const error = await writeSafetensors(path, [tensor("w", "F32", [2, 2], new Float32Array(3))]).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AttuneError);
    expect((error as Error).message).toContain(
      `${path}: tensor w, F32 of shape [2, 2], takes 16 bytes, and its data has 12`,
    );
    expect(readFileSync(path, "utf8")).toBe("old");
  });
});

describe("an interrupted save", () => {
  const tsx = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href;
  /** A program that saves ten tensors of 400 kB to `path`, pausing before each and saying so. */
  function saver(path: string, pause: number): string[] {
    const main = join(folder, "saver.mts");
    writeFileSync(
      main,
      `import { writeSafetensors } from ${JSON.stringify(join(root, "src/checkpoint/safetensors-writer.ts"))};
       const tensors = Array.from({ length: 10 }, (_, i) => ({
         name: "layer." + i, dtype: "F32" as const, shape: [100, 1000],
         data: async () => {
           process.stdout.write("tensor " + i + "\\n");
           await new Promise((resolve) => setTimeout(resolve, ${pause}));
           return new Float32Array(100_000).fill(i);
         },
       }));
       await writeSafetensors(${JSON.stringify(path)}, tensors).catch((error) => {
         process.stdout.write(error.name + ": " + error.message);
       });`,
    );
    return ["--import", tsx, main];
  }

  it("on a full disk names the file and leaves the old one alone", async (context) => {
    if (spawnSync("prlimit", ["--version"]).status !== 0) context.skip("no prlimit on this system");
    const run = join(folder, "full");
    mkdirSync(run);
    const path = join(run, "model.safetensors");
    writeFileSync(path, WRITTEN_BY_RUST);
    const { stdout } = spawnSync("prlimit", ["--fsize=2000000", process.execPath, ...saver(path, 0)], {
      encoding: "utf8",
    });
    expect(stdout).toContain(`AttuneError: Could not write file ${path}: the file would be larger than`);
    expect(readFileSync(path)).toEqual(WRITTEN_BY_RUST);
    expect(readdirSync(run)).toEqual(["model.safetensors"]);
  });

  it("killed at any tensor leaves the old file whole, and the next save succeeds", async () => {
    const run = join(folder, "killed");
    mkdirSync(run);
    const path = join(run, "model.safetensors");
    writeFileSync(path, WRITTEN_BY_RUST);
    for (const stop of ["tensor 0", "tensor 5", "tensor 9"]) {
      const child = spawn(process.execPath, saver(path, 100), { stdio: ["ignore", "pipe", "inherit"] });
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.stdout.on("data", (text) => {
        if (String(text).includes(stop)) child.kill("SIGKILL");
      });
      await ended;
      expect(child.signalCode).toBe("SIGKILL");
      expect(readFileSync(path)).toEqual(WRITTEN_BY_RUST);
    }
    expect(spawnSync(process.execPath, saver(path, 0)).status).toBe(0);
    expect(readdirSync(run)).toEqual(["model.safetensors"]);
    await using file = await openSafetensors(path);
    expect(file.names).toHaveLength(10);
    expect((await file.readFloat32("layer.9")).every((value) => value === 9)).toBe(true);
  });
});

/** A Python that has safetensors: the bench's virtual environment, or the one that ATTUNE_PYTHON names. */
function pythonWithSafetensors(): string | undefined {
  const candidates = [process.env.ATTUNE_PYTHON, join(root, "bench/.venv/bin/python")];
  return candidates.find(
    (path) => path !== undefined && spawnSync(path, ["-c", "import safetensors, numpy"]).status === 0,
  );
}

describe("the Python library", () => {
  it("reads what we write", async (context) => {
    const python = pythonWithSafetensors();
    if (python === undefined) return context.skip("no Python with safetensors");
    const path = join(folder, "python.safetensors");
    await writeSafetensors(path, [
      tensor("weight", "F32", [2, 3], new Float32Array([1, 2, 3, 4, 5, 6])),
      tensor("half", "F16", [1], new Uint16Array([0x3800])),
      tensor("ids", "I64", [2], new BigInt64Array([-1n, 5n])),
      tensor("none", "F32", [0, 4], new Float32Array(0)),
    ]);
    const script = `
import sys, json
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as f:
    print(json.dumps([f.metadata(), {k: [str(f.get_tensor(k).dtype), f.get_tensor(k).tolist()] for k in f.keys()}]))`;
    const run = spawnSync(python, ["-c", script, path], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    const weight = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(JSON.parse(run.stdout)).toEqual([
      { format: "pt" },
      { weight: ["float32", weight], half: ["float16", [0.5]], ids: ["int64", [-1, 5]], none: ["float32", []] },
    ]);
  });
});

describeShared("files that transformers wrote", () => {
  it("are the same bytes when we write them", async () => {
    const copy = join(folder, "copy.safetensors");
    for (const name of readdirSync(sharedPath("fixtures/models"))) {
      const path = sharedPath(`fixtures/models/${name}/model.safetensors`);
      await rewrite(path, copy);
      expect(Buffer.compare(readFileSync(copy), readFileSync(path)), name).toBe(0);
    }
  });
});
