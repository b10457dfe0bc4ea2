import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSafetensors } from "../../src/checkpoint/safetensors.js";
import { FileFormatError } from "../../src/support/errors.js";
import { describeShared, sharedJson, sharedPath } from "../shared.js";
import { fileBytes, formatError, TENSORS, temporaryFolder, WRITTEN_BY_RUST, writeFileBytes } from "./files.js";

const folder = temporaryFolder();

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("reading", () => {
  it("reads what the Rust library wrote", async () => {
    const path = join(folder, "rust.safetensors");
    writeFileSync(path, WRITTEN_BY_RUST);
    await using file = await openSafetensors(path);
    expect(file.names).toEqual(["10", "f", "2", "b", "a", "u", 'é"\n\u2028']);
    expect(file.metadata).toEqual({ format: "pt" });
    for (const { name, dtype, shape, values } of TENSORS) {
      expect(file.info(name)).toEqual({ dtype, shape, byteLength: values.byteLength });
      const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      expect(Buffer.compare(await file.read(name), bytes)).toBe(0);
    }
    expect([...(await file.readFloat32("b"))]).toEqual([1.5, -2, 3, 4]);
    expect([...(await file.readFloat32("a"))]).toEqual([0.5, 65504, -0]);
    expect([...(await file.readFloat32("f"))]).toEqual([Math.fround(1e-3)]);
    expect([...(await file.readInt32("10"))]).toEqual([7, -1]);
    expect(await file.readFloat32("2")).toEqual(new Float32Array(0));
  });

  it("takes tensors in any order, scalars, empty shapes, spaces around the header, no metadata", async () => {
    const header = `${JSON.stringify({
      z: entry("U8", [1], 4, 5),
      empty: entry("F32", [3, 0], 4, 4),
      scalar: entry("F32", [], 0, 4),
      last: entry("I16", [0], 5, 5),
    })}   \n`;
    const path = writeFileBytes(folder, "order.safetensors", header, new Uint8Array([0, 0, 128, 63, 9]));
    await using file = await openSafetensors(path);
    expect(file.names).toEqual(["scalar", "empty", "z", "last"]);
    expect(file.metadata).toEqual({});
    expect([...(await file.readFloat32("scalar"))]).toEqual([1]);
    expect([...(await file.read("z"))]).toEqual([9]);
  });

  it("reads a file without tensors", async () => {
    await using file = await openSafetensors(writeFileBytes(folder, "none.safetensors", "{}      "));
    expect(file.names).toEqual([]);
  });

  it("gives each read memory of its own, aligned for any element type", async () => {
    const path = writeFileBytes(
      folder,
      "odd.safetensors",
      { a: entry("U8", [1], 0, 1), b: entry("F32", [2], 1, 9) },
      new Uint8Array([1, 0, 0, 128, 63, 0, 0, 0, 64]),
    );
    await using file = await openSafetensors(path);
    const first = await file.readFloat32("b");
    expect([...first]).toEqual([1, 2]);
    first.fill(0);
    expect([...(await file.readFloat32("b"))]).toEqual([1, 2]);
  });

  it("reads beyond 2 and 4 GiB", async () => {
    const path = join(folder, "large.safetensors");
    const hole = 5 * 2 ** 30; // sparse: no disk is used for it
    const head = fileBytes({ big: entry("U8", [hole], 0, hole), end: entry("I32", [2], hole, hole + 8) });
    const file = await open(path, "w");
    await file.write(head);
    await file.write(new Int32Array([123456789, -5]), 0, 8, head.byteLength + hole);
    await file.close();
    await using opened = await openSafetensors(path);
    expect(opened.info("big").byteLength).toBe(hole);
    expect([...(await opened.readInt32("end"))]).toEqual([123456789, -5]);
  });
});

describe("errors", () => {
  const cases: [what: string, header: unknown, data: number, message: RegExp][] = [
    ["a hole", { a: entry("U8", [1], 0, 1), b: entry("U8", [1], 2, 3) }, 3, /tensor b: it leaves a hole.*2.*1/],
    ["a hole at the start", { a: entry("U8", [1], 1, 2) }, 2, /tensor a: it leaves a hole/],
    ["an overlap", { a: entry("U8", [2], 0, 2), b: entry("U8", [2], 1, 3) }, 3, /tensor b: it overlaps/],
    ["two tensors at one place", { a: entry("U8", [2], 0, 2), b: entry("U8", [2], 0, 2) }, 2, /tensor b: it overlaps/],
    ["bytes after the last tensor", { a: entry("U8", [2], 0, 2) }, 3, /damaged: its tensors end at byte/],
    ["bytes missing at the end", { a: entry("U8", [2], 0, 2) }, 1, /truncated: its tensors end at byte/],
    [
      "a shape that needs other bytes",
      { a: entry("F32", [3], 0, 8) },
      8,
      /tensor a: F32 of shape \[3\] takes 12 bytes.*give 8/,
    ],
    ["a shape that no memory holds", { a: entry("F32", [2 ** 50, 2 ** 50], 0, 8) }, 8, /no possible number of bytes/],
    ["half a byte", { a: entry("F4", [3], 0, 2) }, 2, /F4 of shape \[3\] takes no possible number of bytes/],
    ["an unknown dtype", { a: entry("F33", [2], 0, 8) }, 8, /tensor a: unknown dtype "F33"; known are BOOL/],
    ["a dtype of Object's", { a: entry("toString", [2], 0, 8) }, 8, /unknown dtype "toString"/],
    ["no dtype", { a: { shape: [2], data_offsets: [0, 8] } }, 8, /unknown dtype missing/],
    ["a negative size", { a: entry("F32", [-2], 0, 8) }, 8, /its shape is \[-2\]/],
    ["a size with a fraction", { a: entry("F32", [0.5], 0, 2) }, 2, /its shape is \[0.5\]/],
    ["a shape that is no list", { a: entry("F32", "2", 0, 8) }, 8, /its shape is "2"/],
    ["offsets backwards", { a: entry("U8", [1], 1, 0) }, 1, /data_offsets are \[1,0\]/],
    ["negative offsets", { a: entry("U8", [1], -1, 0) }, 1, /data_offsets are \[-1,0\]/],
    ["offsets beyond exact integers", { a: entry("U8", [1], 2 ** 60, 2 ** 60) }, 1, /data_offsets are/],
    ["three offsets", { a: { dtype: "U8", shape: [1], data_offsets: [0, 1, 1] } }, 1, /data_offsets are \[0,1,1\]/],
    ["no offsets", { a: { dtype: "U8", shape: [1] } }, 1, /data_offsets are missing/],
    ["an entry that is no object", { a: 3 }, 0, /tensor a: its entry in the header is 3/],
    ["a list as entry", { a: [] }, 0, /tensor a: its entry in the header is \[\]/],
    ["metadata that is no object", { __metadata__: "pt" }, 0, /__metadata__ is "pt"/],
    ["metadata that is no string", { __metadata__: { format: 1 } }, 0, /__metadata__ maps format to 1/],
    [
      "a tensor listed twice",
      `{"a":${JSON.stringify(entry("U8", [1], 0, 1))},"\\u0061":${JSON.stringify(entry("I8", [1], 0, 1))}}`,
      1,
      /lists a twice/,
    ],
    ["a header that is no object", "[]", 0, /starts with "\["/],
    ["a header that starts with a space", " {}", 0, /starts with " "/],
    ["an empty header", "", 0, /starts with ""/],
    ["a header cut off", `{"a":`, 0, /is not JSON/],
    ["a header with more behind it", "{}{}", 0, /is not JSON/],
    ["a header nested without end", `{"a":${"[".repeat(1_000_000)}`, 0, /is not JSON/],
  ];
  it.each(cases)("names %s", async (what, header, data, message) => {
    const path = writeFileBytes(folder, `${what}.safetensors`, header, new Uint8Array(data));
    const text = await formatError(openSafetensors(path));
    expect(text).toMatch(message);
    expect(text).toContain(path);
    expect(text.length).toBeLessThan(1000);
  });

  it("names a header that is not UTF-8", async () => {
    const bytes = fileBytes({ ab: entry("U8", [1], 0, 1) }, new Uint8Array(1));
    bytes[8 + 2] = 0xff;
    const path = join(folder, "encoding.safetensors");
    writeFileSync(path, bytes);
    expect(await formatError(openSafetensors(path))).toMatch(/damaged: it is not UTF-8/);
  });

  it("names a file that is missing, a folder, and files of other kinds", async () => {
    const path = (name: string) => join(folder, name);
    expect(await formatError(openSafetensors(path("missing")))).toBe(
      `Cannot open ${path("missing")}: there is no such file`,
    );
    mkdirSync(path("a-folder"));
    expect(await formatError(openSafetensors(path("a-folder")))).toContain("it is not a file");
    writeFileSync(path("lfs"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n");
    expect(await formatError(openSafetensors(path("lfs")))).toContain("Git LFS pointer");
    writeFileSync(path("zip"), Buffer.from("PK\u0003\u0004\u0000\u0000\u0008\u0008 archive/data.pkl"));
    expect(await formatError(openSafetensors(path("zip")))).toContain("zip archive");
  });

  it("refuses huge header lengths without reserving memory for them", async () => {
    for (const length of [100_000_001n, 2n ** 31n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
      const bytes = fileBytes("{}");
      bytes.writeBigUInt64LE(length);
      const path = join(folder, "huge.safetensors");
      writeFileSync(path, bytes);
      expect(await formatError(openSafetensors(path))).toContain(`a header of ${length} bytes`);
    }
    const bytes = fileBytes("{}");
    bytes.writeBigUInt64LE(100_000_000n);
    const path = join(folder, "long.safetensors");
    writeFileSync(path, bytes);
    expect(await formatError(openSafetensors(path))).toContain("only 2 follow");
  });

  it("names every truncation", async () => {
    for (let length = 0; length < WRITTEN_BY_RUST.byteLength; length++) {
      const path = join(folder, "cut.safetensors");
      writeFileSync(path, WRITTEN_BY_RUST.subarray(0, length));
      expect(await formatError(openSafetensors(path))).toContain(path);
    }
  });

  it("names a file that shrinks after it was opened", async () => {
    const path = join(folder, "shrinks.safetensors");
    writeFileSync(path, WRITTEN_BY_RUST);
    await using file = await openSafetensors(path);
    truncateSync(path, WRITTEN_BY_RUST.byteLength - 8);
    expect(await formatError(file.read("a"))).toMatch(/ended at byte 482 while tensor a was read/);
  });

  it("names a tensor that is not there, with the nearest, and a dtype that cannot be converted", async () => {
    const path = writeFileBytes(
      folder,
      "names.safetensors",
      { "pooler.dense.weight": entry("I64", [1], 0, 8), x: entry("F32", [1], 8, 12) },
      new Uint8Array(12).fill(127),
    );
    await using file = await openSafetensors(path);
    expect(file.has("pooler.dense.weight")).toBe(true);
    expect(file.has("toString")).toBe(false);
    expect(() => file.info("pooler.dense.wieght")).toThrow(
      /no tensor pooler.dense.wieght; did you mean pooler.dense.weight/,
    );
    expect(await formatError(file.read("classifier.bias"))).toContain("it holds 2 others");
    expect(await formatError(file.readFloat32("pooler.dense.weight"))).toMatch(
      /tensor pooler.dense.weight: I64 values/,
    );
    expect(await formatError(file.readInt32("pooler.dense.weight"))).toMatch(/does not fit into int32/);
    expect(await formatError(file.readInt32("x"))).toMatch(/tensor x: F32 values/);
  });

  it("opens a damaged header only where it still describes the file, and never hangs", async () => {
    const path = join(folder, "fuzzed.safetensors");
    const headerEnd = 8 + Number(WRITTEN_BY_RUST.readBigUInt64LE());
    const edit = fc.record({ at: fc.nat(headerEnd - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
        const bytes = Buffer.from(WRITTEN_BY_RUST);
        for (const { at, byte } of edits) bytes[at] = byte;
        writeFileSync(path, bytes);
        const file = await openSafetensors(path).catch((error: unknown) => error);
        if (file instanceof FileFormatError) {
          expect(file.message).toContain(path);
          return;
        }
        if (file instanceof Error) throw file;
        await using opened = file as Awaited<ReturnType<typeof openSafetensors>>;
        const parts = await Promise.all(opened.names.map((name) => opened.read(name)));
        for (const [i, name] of opened.names.entries()) expect(parts[i].byteLength).toBe(opened.info(name).byteLength);
        const headerBytes = Number(bytes.readBigUInt64LE());
        expect(Buffer.compare(Buffer.concat(parts), bytes.subarray(8 + headerBytes))).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });
});

describeShared("real files", () => {
  it("reads all-MiniLM-L6-v2", async () => {
    await using file = await openSafetensors(
      sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2/model.safetensors"),
    );
    expect(file.names).toHaveLength(104);
    expect(file.metadata).toEqual({ format: "pt" });
    expect(file.info("embeddings.position_ids")).toEqual({ dtype: "I64", shape: [1, 512], byteLength: 4096 });
    expect([...(await file.readInt32("embeddings.position_ids"))]).toEqual(Array.from({ length: 512 }, (_, i) => i));
    const words = await file.readFloat32("embeddings.word_embeddings.weight");
    expect(words).toHaveLength(30522 * 384);
    expect(words.every(Number.isFinite)).toBe(true);
  });

  it("reads every fixture's tensors, which together are the file's data", async () => {
    const names = readdirSync(sharedPath("fixtures/models"));
    expect(names.length).toBeGreaterThan(40);
    for (const name of names) {
      const path = sharedPath(`fixtures/models/${name}/model.safetensors`);
      await using file = await openSafetensors(path);
      const hash = createHash("sha256");
      for (const tensor of file.names) hash.update(await file.read(tensor));
      const bytes = readFileSync(path);
      const data = bytes.subarray(8 + Number(bytes.readBigUInt64LE()));
      expect(hash.digest("hex")).toBe(createHash("sha256").update(data).digest("hex"));
    }
  });

  it("finds a tensor for every gradient of a reference", async () => {
    const { gradients } = sharedJson<{ gradients: object }>(
      "fixtures/models/bert-sequence-classification/reference.json",
    );
    const parameters = Object.keys(gradients).filter((name) => name !== "columns");
    await using file = await openSafetensors(
      sharedPath("fixtures/models/bert-sequence-classification/model.safetensors"),
    );
    expect(parameters.length).toBeGreaterThan(10);
    expect(parameters.filter((name) => !file.has(name))).toEqual([]);
  });
});
