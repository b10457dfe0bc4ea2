// Files that torch 2.15 wrote (torch/make.py), and files that nobody should write.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { openCheckpoint, openTorchFile, type StoredTensor, type TorchValue } from "../../src/checkpoint/index.js";
import { zipArchive } from "../../src/checkpoint/torch/zip-writer.js";
import { FileFormatError, UnsafePickleError } from "../../src/support/errors.js";
import { formatError, temporaryFolder } from "./files.js";

const root = temporaryFolder();
const fixture = (name: string): string => fileURLToPath(new URL(`torch/${name}`, import.meta.url));

interface Expected {
  readonly tensors: Readonly<Record<string, { shape: number[]; values: number[] }>>;
  readonly weights: Readonly<Record<string, unknown>>;
  readonly moments: Readonly<Record<string, Readonly<Record<string, number[]>>>>;
  readonly "learning rates": number[];
  readonly scheduler: { last_epoch: number; _last_lr: number[] };
}
const expected = JSON.parse(readFileSync(fixture("expected.json"), "utf8")) as Expected;

type Dict = ReadonlyMap<TorchValue, TorchValue>;
const dict = (value: TorchValue | undefined): Dict => {
  if (!(value instanceof Map)) throw new Error(`${String(value)} is no dict`);
  return value as Dict;
};

async function numbersOf(tensor: StoredTensor): Promise<number[]> {
  if (/^[FB].*\d/.test(tensor.dtype)) return Array.from(await tensor.readFloat32());
  return Array.from(await tensor.readInt32());
}

describe.each(["tensors.pt", "tensors-legacy.pt"])("%s", (file) => {
  it("holds torch's tensors: every dtype, views, scalars, none", async () => {
    await using opened = await openTorchFile(fixture(file));
    const tensors = dict(opened.value);
    expect([...tensors.keys()]).toEqual(Object.keys(expected.tensors));
    for (const [name, { shape, values }] of Object.entries(expected.tensors)) {
      const tensor = tensors.get(name) as StoredTensor;
      expect(tensor.shape, name).toEqual(shape);
      if (name === "expanded") continue;
      const rounded = tensor.dtype === "F64" ? values.map(Math.fround) : values;
      expect(await numbersOf(tensor), name).toEqual(rounded);
    }
    const [whole, part] = ["whole", "part of whole"].map((name) => tensors.get(name) as StoredTensor);
    expect(part.storage.key).toBe(whole.storage.key);
  });

  it("does not read a tensor that is larger than its storage", async () => {
    await using opened = await openTorchFile(fixture(file));
    const expanded = dict(opened.value).get("expanded") as StoredTensor;
    expect(await formatError(expanded.read())).toMatch(/shape \[2, 3\] repeats the 1 elements/);
  });
});

describe("values", () => {
  it("come out as Python's", async () => {
    await using opened = await openTorchFile(fixture("values.pt"));
    expect(opened.value).toEqual(
      new Map<unknown, unknown>([
        ["none", null],
        ["bools", [true, false]],
        ["integers", [0, 255, 256, 65535, 65536, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 40]],
        ["large", 2n ** 70n],
        ["negative large", -(2n ** 70n)],
        ["floats", [0, -0.1, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
        ["text", "é 😀"],
        ["tuple", [1, ["a", 2.5]]],
        [
          "ordered",
          new Map([
            ["b", 1],
            ["a", 2],
          ]),
        ],
        [3, "a whole number as key"],
        ["bytes", Uint8Array.of(0, 255)],
        ["set", new Set([1])],
        ["dtype", "torch.float32"],
        ["device", "cpu"],
        ["size", [2, 3]],
      ]),
    );
  });

  it("give an optimizer's and a scheduler's state", async () => {
    await using optimizer = await openTorchFile(fixture("optimizer.pt"));
    const state = dict(dict(optimizer.value).get("state"));
    for (const [i, entries] of Object.entries(expected.moments)) {
      for (const [name, values] of Object.entries(entries)) {
        const tensor = dict(state.get(Number(i))).get(name) as StoredTensor;
        expect(await numbersOf(tensor), `${i} ${name}`).toEqual(values);
      }
    }
    const groups = dict(optimizer.value).get("param_groups") as readonly TorchValue[];
    expect(groups.map((group) => dict(group).get("lr"))).toEqual(expected["learning rates"]);
    expect(groups.map((group) => dict(group).get("params"))).toEqual([[0], [1]]);
    await using scheduler = await openTorchFile(fixture("scheduler.pt"));
    expect(dict(scheduler.value).get("last_epoch")).toBe(expected.scheduler.last_epoch);
    expect(dict(scheduler.value).get("_last_lr")).toEqual(expected.scheduler._last_lr);
  });
});

describe("a checkpoint of pytorch_model.bin", () => {
  it("opens, alone and in shards", async () => {
    const folder = join(root, "bin");
    mkdirSync(folder);
    await copyFile(fixture("weights.bin"), join(folder, "pytorch_model.bin"));
    const shards = join(root, "bin-shards");
    mkdirSync(shards);
    await copyFile(fixture("weights.bin"), join(shards, "pytorch_model-00001-of-00001.bin"));
    const weight_map = Object.fromEntries(
      Object.keys(expected.weights).map((name) => [name, "pytorch_model-00001-of-00001.bin"]),
    );
    writeFileSync(join(shards, "pytorch_model.bin.index.json"), JSON.stringify({ metadata: {}, weight_map }));
    for (const path of [folder, shards, join(folder, "pytorch_model.bin")]) {
      await using checkpoint = await openCheckpoint(path);
      expect(checkpoint.names).toEqual(["weight", "bias"]);
      expect(checkpoint.info("weight")).toEqual({ dtype: "F32", shape: [2, 3], byteLength: 24 });
      const weight = Array.from(await checkpoint.readFloat32("weight"));
      expect(weight).toEqual((expected.weights.weight as number[][]).flat().map(Math.fround));
      expect(() => checkpoint.info("wieght")).toThrow(/holds no tensor wieght; did you mean weight/);
    }
  });

  it("is no dict of tensors where it is something else", async () => {
    const path = join(root, "values.bin");
    await copyFile(fixture("values.pt"), path);
    expect(await formatError(openCheckpoint(path))).toMatch(/values.bin holds no weights/);
  });
});

describe("what is refused", () => {
  it.each([
    ["evil.pt", /names "posix.system".*executed/],
    ["evil-legacy.pt", /names "posix.system"/],
    ["numpy.pt", /names "numpy\._core\.multiarray\._reconstruct"/],
  ])("%s: more than tensors and containers, by name, and nothing is executed", async (file, message) => {
    const error = await openTorchFile(fixture(file)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnsafePickleError);
    expect((error as Error).message).toMatch(message);
    expect(existsSync("executed")).toBe(false);
  });

  const archive = async (name: string, pickle: Uint8Array, extra: readonly string[] = []): Promise<string> => {
    const path = join(root, name);
    const entries = [
      { name: "a/data.pkl", data: () => pickle },
      ...extra.map((entry) => ({ name: `a/${entry}`, data: () => new Uint8Array(4) })),
    ];
    const chunks: Uint8Array[] = [];
    for await (const chunk of zipArchive(entries)) chunks.push(chunk);
    writeFileSync(path, Buffer.concat(chunks));
    return path;
  };

  it.each<[what: string, pickle: string, message: RegExp]>([
    ["a name beside an allowed one", "ccollections\nnamedtuple\n.", /names "collections.namedtuple"/],
    ["a name of Object's prototype", "cconstructor\nconstructor\n.", /names "constructor.constructor"/],
    [
      "an allowed function under another module's name",
      "ctorch\n_utils._rebuild_tensor_v2\n(tR.",
      /names "torch._utils._rebuild_tensor_v2"/,
    ],
    ["a call of data", "\x80\x02X\x01\0\0\0a)R.", /calls something that is not on the list/],
    ["attributes of a list", "\x80\x02]}b.", /sets attributes of an object/],
    ["items of a list", "\x80\x02]K\x01K\x02s.", /sets items of what is no dict/],
    ["an instance", "(S'x'\nios\nsystem\n.", /the operation 0x53/],
    ["an extension", "\x80\x02\x82\x01.", /the operation 0x82/],
    ["a persistent id of text", "Px\n.", /the operation 0x50/],
  ])("%s", async (what, pickle, message) => {
    const path = await archive(`${what}.pt`, Buffer.from(pickle, "latin1"));
    expect(await formatError(openTorchFile(path))).toMatch(message);
  });

  it.each<[what: string, pickle: string, message: RegExp]>([
    ["no STOP", "\x80\x02N", /goes on where its 3 bytes end/],
    ["nothing on the stack", "\x80\x02.", /takes what is not there/],
    ["a tuple across a mark", "\x80\x02N(\x85.", /takes what is not there/],
    ["something left over", "\x80\x02NN.", /left over/],
    ["text longer than the file", "\x80\x02X\xff\xff\xff\x7fa.", /goes on where/],
    ["an endless integer", "\x80\x02\x8b\xff\xff\xff\x7f.", /an integer of 2147483647 bytes/],
    ["a memory that is empty", "\x80\x02h\x05.", /nothing was remembered as 5/],
    ["a key without a value", "\x80\x02}(K\x01u.", /a key has no value/],
  ])("a damaged pickle: %s", async (what, pickle, message) => {
    const path = await archive(`${what}.pt`, Buffer.from(pickle, "latin1"));
    expect(await formatError(openTorchFile(path))).toMatch(message);
  });

  it("a storage that is not there, or has other bytes; a program; a zip of something else", async () => {
    const storage = (key: string) =>
      Buffer.from(`\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0${key}X\x03\0\0\0cpuK\x02tQ.`, "latin1");
    expect(await formatError(openTorchFile(await archive("none.pt", storage("7"))))).toMatch(
      /storage 7 of 2 F32 elements has no data/,
    );
    expect(await formatError(openTorchFile(await archive("short.pt", storage("0"), ["data/0"])))).toMatch(
      /storage 0 of 2 F32 elements has 4 bytes/,
    );
    expect(await formatError(openTorchFile(fixture("script.pt")))).toMatch(/TorchScript archive/);
    expect(await formatError(openTorchFile(await archive("other.zip", storage("0")).then(other)))).toMatch(
      /holds no data.pkl/,
    );
  });

  /** Renames data.pkl in an archive, in both places. */
  function other(path: string): string {
    const bytes = readFileSync(path).toString("latin1").replaceAll("data.pkl", "data.txt");
    writeFileSync(path, Buffer.from(bytes, "latin1"));
    return path;
  }

  it("what is no file of torch.save", async () => {
    const path = join(root, "plain");
    for (const content of ["", "PK\x03\x04", "\x80\x02}.", "version https://git-lfs"]) {
      writeFileSync(path, Buffer.from(content, "latin1"));
      expect(await formatError(openTorchFile(path))).toContain(path);
    }
    expect(await formatError(openTorchFile(join(root, "nowhere.pt")))).toMatch(/nowhere.pt: there is no such file/);
    expect(await formatError(openTorchFile(root))).toMatch(/Cannot (read|open)/);
  });

  it.each(["tensors.pt", "tensors-legacy.pt", "optimizer.pt", "values.pt"])(
    "%s with bytes changed or cut off ends in a named error or in values, soon",
    async (file) => {
      const original = readFileSync(fixture(file));
      const path = join(root, `changed-${basename(file)}`);
      let seed = 12345;
      const random = (below: number): number => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return Math.floor((seed / 2 ** 32) * below);
      };
      for (let round = 0; round < 150; round++) {
        const bytes = Buffer.from(original.subarray(0, round % 3 === 0 ? random(original.length) : original.length));
        for (let change = random(4); change >= 0 && bytes.length > 0; change--)
          bytes[random(bytes.length)] = random(256);
        writeFileSync(path, bytes);
        try {
          await using opened = await openTorchFile(path);
          const tensors = opened.value instanceof Map ? [...dict(opened.value).values()] : [];
          for (const tensor of tensors) {
            if (typeof tensor === "object" && tensor !== null && "readFloat32" in tensor) await tensor.read();
          }
        } catch (error) {
          expect(error, `round ${round}`).toBeInstanceOf(FileFormatError);
        }
      }
    },
  );
});
