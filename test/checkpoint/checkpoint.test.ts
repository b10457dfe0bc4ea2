import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { openCheckpoint } from "../../src/checkpoint/checkpoint.js";
import { describeShared, sharedPath } from "../shared.js";
import { formatError, temporaryFolder, WRITTEN_BY_RUST, writeFileBytes } from "./files.js";

const root = temporaryFolder();

function newFolder(name: string): string {
  mkdirSync(join(root, name));
  return join(root, name);
}

const one = (name: string) => ({ [name]: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
const float = (value: number) => new Uint8Array(new Float32Array([value]).buffer);

/** Two shards and an index, as transformers saves a model that is larger than a shard. */
function shardedFolder(name: string, weightMap: unknown = { a: FIRST, b: SECOND }): string {
  const folder = newFolder(name);
  writeFileBytes(folder, FIRST, { __metadata__: { format: "pt" }, ...one("a") }, float(1));
  writeFileBytes(folder, SECOND, { __metadata__: { format: "pt" }, ...one("b") }, float(2));
  const index = { metadata: { total_parameters: 2, total_size: 8 }, weight_map: weightMap };
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify(index, null, 2));
  return folder;
}
const FIRST = "model-00001-of-00002.safetensors";
const SECOND = "model-00002-of-00002.safetensors";

describe("openCheckpoint", () => {
  it("opens a folder with one file, and a file", async () => {
    const folder = newFolder("single");
    writeFileSync(join(folder, "model.safetensors"), WRITTEN_BY_RUST);
    for (const path of [folder, join(folder, "model.safetensors")]) {
      await using checkpoint = await openCheckpoint(path);
      expect(checkpoint.path).toBe(join(folder, "model.safetensors"));
      expect([...(await checkpoint.readFloat32("b"))]).toEqual([1.5, -2, 3, 4]);
    }
  });

  it("opens shards as one, through the links of the Hub's cache too", async () => {
    const folder = shardedFolder("sharded");
    const snapshot = newFolder("snapshot");
    for (const name of [FIRST, SECOND, "model.safetensors.index.json"]) {
      symlinkSync(join(folder, name), join(snapshot, name));
    }
    for (const path of [folder, snapshot]) {
      await using checkpoint = await openCheckpoint(path);
      expect(checkpoint.path).toBe(path);
      expect(checkpoint.names).toEqual(["a", "b"]);
      expect(checkpoint.metadata).toEqual({ format: "pt" });
      expect(checkpoint.info("b")).toEqual({ dtype: "F32", shape: [1], byteLength: 4 });
      expect([...(await checkpoint.readFloat32("a")), ...(await checkpoint.readFloat32("b"))]).toEqual([1, 2]);
      expect([checkpoint.has("a"), checkpoint.has("c")]).toEqual([true, false]);
      expect(() => checkpoint.info("c")).toThrow(`${path} holds no tensor c`);
    }
  });

  it("names a folder that is not there", async () => {
    expect(await formatError(openCheckpoint(join(root, "nowhere")))).toBe(
      `Cannot open the checkpoint ${join(root, "nowhere")}: there is no such folder`,
    );
  });

  it("lists what a folder without weights holds", async () => {
    const folder = newFolder("other");
    expect(await formatError(openCheckpoint(folder))).toContain("it holds nothing");
    for (let i = 0; i < 25; i++) writeFileSync(join(folder, `file${String(i).padStart(2, "0")}`), "");
    expect(await formatError(openCheckpoint(folder))).toMatch(
      /holds no weights \(model.safetensors, .*pytorch_model.bin.index.json\); it holds file00, .*file19 and 5 more$/,
    );
  });

  it("names what is wrong with an index", async () => {
    const file = (folder: string) => join(folder, "model.safetensors.index.json");
    const cases: [name: string, weightMap: unknown, message: RegExp][] = [
      ["no-map", null, /index.json is damaged: it has no weight_map/],
      ["list", [FIRST], /has no weight_map/],
      ["empty", {}, /weight_map is empty/],
      ["elsewhere", { a: "../single/model.safetensors" }, /maps tensor a to "..\/single\/model.safetensors", not/],
      ["backslash", { a: "..\\model.safetensors" }, /not to a .safetensors file of its folder/],
      ["no-string", { a: 1 }, /maps tensor a to 1/],
      [
        "missing",
        { a: FIRST, b: "model-00003-of-00003.safetensors" },
        /lacks model-00003-of-00003.safetensors, which .* names for tensor b/,
      ],
      [
        "wrong",
        { a: FIRST, b: FIRST },
        /says that tensor b is in model-00001-of-00002.safetensors, and it is not there/,
      ],
    ];
    for (const [name, weightMap, message] of cases) {
      expect(await formatError(openCheckpoint(shardedFolder(name, weightMap)))).toMatch(message);
    }
    const folder = shardedFolder("no-json");
    writeFileSync(file(folder), "{");
    expect(await formatError(openCheckpoint(folder))).toContain(`${file(folder)} is damaged: `);
  });

  it("names the shard that is damaged", async () => {
    const folder = shardedFolder("cut");
    const path = join(folder, SECOND);
    writeFileSync(path, readFileSync(path).subarray(0, -1));
    expect(await formatError(openCheckpoint(folder))).toContain(`${path} is truncated`);
  });

  it("warns of tensors that the index leaves out", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const folder = shardedFolder("extra");
    writeFileBytes(
      folder,
      SECOND,
      { ...one("b"), c: { dtype: "F32", shape: [1], data_offsets: [4, 8] } },
      new Uint8Array(8),
    );
    await using checkpoint = await openCheckpoint(folder);
    expect(checkpoint.names).toEqual(["a", "b"]);
    expect(write.mock.calls.flat().join("")).toMatch(
      /model-00002-of-00002.safetensors holds tensors that .* not name: c\n/,
    );
    write.mockRestore();
  });
});

describeShared("real checkpoints", () => {
  it("opens all-MiniLM-L6-v2's folder", async () => {
    await using checkpoint = await openCheckpoint(sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2"));
    expect(checkpoint.info("encoder.layer.5.output.dense.weight").shape).toEqual([384, 1536]);
  });
});
