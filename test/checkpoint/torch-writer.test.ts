// Files for torch.load. torch itself reads what is written here in torch-writer.soak.ts; here the reader does, which is
// tested on torch's own files.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { crc32 as nodeCrc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  openTorchFile,
  PythonFloat,
  PythonTuple,
  type StoredTensor,
  TorchTensor,
  writeTorchFile,
} from "../../src/checkpoint/index.js";
import { tableCrc32 } from "../../src/checkpoint/torch/crc32.js";
import { dataBegin, readZipDirectory } from "../../src/checkpoint/torch/zip.js";
import { zipArchive } from "../../src/checkpoint/torch/zip-writer.js";
import { temporaryFolder } from "./files.js";

const root = temporaryFolder();

describe("writeTorchFile", () => {
  it("writes what the reader reads: values, and tensors at multiples of 64 bytes", async () => {
    const path = join(root, "optimizer.pt");
    const moments = Float32Array.of(0.1, -2, 3e-30, 4, 5, 6);
    const shared = new TorchTensor("F32", [2, 3], () => moments);
    await writeTorchFile(path, {
      state: new Map([
        [0, { step: new TorchTensor("F32", [], () => Float32Array.of(7)), exp_avg: shared, again: shared }],
      ]),
      ids: new TorchTensor("I64", [2], async () => BigInt64Array.of(-1n, 2n ** 40n)),
      none: new TorchTensor("BF16", [0, 4], () => new Uint16Array(0)),
      param_groups: [
        {
          lr: 1e-3,
          betas: new PythonTuple([0.9, 0.999]),
          weight_decay: new PythonFloat(0),
          fused: null,
          maximize: false,
          params: [0, 1],
          counts: [
            255,
            256,
            65535,
            65536,
            -1,
            -(2 ** 31),
            2 ** 31,
            2 ** 53,
            2n ** 70n,
            -(2n ** 63n),
            128n,
            -128n,
            -129n,
          ],
          name: "é 😀",
          nothing: new PythonTuple([]),
        },
      ],
    });
    await using file = await openTorchFile(path);
    const value = file.value as ReadonlyMap<string, ReadonlyMap<unknown, ReadonlyMap<string, StoredTensor>>>;
    const entry = value.get("state")?.get(0);
    const [step, first, second] = ["step", "exp_avg", "again"].map((name) => entry?.get(name) as StoredTensor);
    expect(step.shape).toEqual([]);
    expect(Array.from(await step.readFloat32())).toEqual([7]);
    expect(first.shape).toEqual([2, 3]);
    expect(await first.readFloat32()).toEqual(moments);
    expect(second.storage.key).toBe(first.storage.key);
    const ids = value.get("ids") as unknown as StoredTensor;
    expect(Buffer.from(await ids.read())).toEqual(Buffer.from(BigInt64Array.of(-1n, 2n ** 40n).buffer));
    expect((value.get("none") as unknown as StoredTensor).shape).toEqual([0, 4]);
    expect(value.get("param_groups")).toEqual([
      new Map<string, unknown>([
        ["lr", 1e-3],
        ["betas", [0.9, 0.999]],
        ["weight_decay", 0],
        ["fused", null],
        ["maximize", false],
        ["params", [0, 1]],
        [
          "counts",
          [255, 256, 65535, 65536, -1, -(2 ** 31), 2 ** 31, 2n ** 53n, 2n ** 70n, -(2n ** 63n), 128, -128, -129],
        ],
        ["name", "é 😀"],
        ["nothing", []],
      ]),
    ]);
    const bytes = readFileSync(path);
    expect(bytes.indexOf(Buffer.from(moments.buffer)) % 64).toBe(0);
  });

  it("refuses what the format has no place for, and leaves nothing behind", async () => {
    const path = join(root, "refused.pt");
    const write = (tensor: TorchTensor) => writeTorchFile(path, { tensor });
    await expect(write(new TorchTensor("F32", [2], () => Float32Array.of(1)))).rejects.toThrow(
      /F32 and shape \[2\] takes 8 bytes, and its data has 4/,
    );
    await expect(write(new TorchTensor("F8_E4M3", [2], () => new Uint8Array(2)))).rejects.toThrow(/F8_E4M3.*cannot/);
    await expect(write(new TorchTensor("F32", [-2], () => new Uint8Array(2)))).rejects.toThrow(/shape \[-2\]/);
    expect(readdirSync(root).filter((name) => name.includes("refused"))).toEqual([]);
  });
});

describe("an archive", () => {
  it.each([10, 150])("with 64-bit fields from byte %i on reads as one without", async (wideFrom) => {
    const names = ["a/data.pkl", "a/data/0", "a/é"];
    const entries = names.map((name, i) => ({ name, data: () => new Uint8Array(20 * i + 5).fill(i) }));
    const path = join(root, `wide-${wideFrom}.zip`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of zipArchive(entries, wideFrom)) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    writeFileSync(path, bytes);
    const file = await open(path, "r");
    try {
      const found = await readZipDirectory(path, file, bytes.length);
      expect([...found.keys()]).toEqual(names);
      for (const [i, entry] of [...found.values()].entries()) {
        const begin = await dataBegin(path, file, bytes.length, entry);
        expect(begin % 64).toBe(0);
        expect(bytes.subarray(begin, begin + entry.byteLength)).toEqual(Buffer.alloc(20 * i + 5, i));
      }
    } finally {
      await file.close();
    }
  });
});

describe("the checksum", () => {
  it("is zip's, also where Node has none", () => {
    expect(tableCrc32(Buffer.from("123456789"))).toBe(0xcbf43926); // the check value of CRC-32/ISO-HDLC
    if (nodeCrc32) {
      const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i * 7);
      expect(tableCrc32(bytes)).toBe(nodeCrc32(bytes));
    }
  });
});
