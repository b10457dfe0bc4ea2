// torch.load, with weights_only, of a file written here. Needs the Python of bench/setup.sh.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { PythonFloat, PythonTuple, TorchTensor, writeTorchFile } from "../../src/checkpoint/index.js";
import { zipArchive } from "../../src/checkpoint/torch/zip-writer.js";
import { temporaryFolder } from "./files.js";

const python = fileURLToPath(new URL("../../bench/.venv/bin/python", import.meta.url));
const root = temporaryFolder();

it.skipIf(!existsSync(python))("torch reads values and tensors, and an optimizer takes its state", async () => {
  const path = join(root, "state.pt");
  const moment = new TorchTensor("F32", [2, 3], () => Float32Array.of(1, 2, 3, 4, 5, 6));
  await writeTorchFile(path, {
    optimizer: {
      state: new Map([
        [0, { step: new TorchTensor("F32", [], () => Float32Array.of(7)), exp_avg: moment, exp_avg_sq: moment }],
      ]),
      param_groups: [
        {
          lr: 1e-3,
          betas: new PythonTuple([0.9, 0.999]),
          eps: 1e-8,
          weight_decay: new PythonFloat(0),
          amsgrad: false,
          maximize: false,
          foreach: null,
          capturable: false,
          differentiable: false,
          fused: null,
          decoupled_weight_decay: true,
          params: [0],
        },
      ],
    },
    counts: [255, 65536, -1, 2 ** 40, -(2n ** 70n)],
    text: "é 😀",
    ids: new TorchTensor("I64", [2], () => BigInt64Array.of(-1n, 2n ** 40n)),
    half: new TorchTensor("BF16", [1], () => Uint16Array.of(0x3fc0)),
    mask: new TorchTensor("BOOL", [2], () => Uint8Array.of(1, 0)),
    empty: new TorchTensor("F32", [0, 3], () => new Float32Array(0)),
  });
  const script = `
import json, sys, torch
for mmap in (False, True):
    value = torch.load(sys.argv[1], weights_only=True, mmap=mmap)
    weight = torch.nn.Parameter(torch.zeros(2, 3))
    optimizer = torch.optim.AdamW([weight])
    optimizer.load_state_dict(value.pop("optimizer"))
    state = optimizer.state_dict()
    entry = {k: v.tolist() for k, v in state["state"][0].items()}
    group = {k: v for k, v in state["param_groups"][0].items()}
    kinds = [type(group["betas"]).__name__, type(group["weight_decay"]).__name__]
    shared = {k: [str(v.dtype), list(v.shape), v.tolist()] if torch.is_tensor(v) else v for k, v in value.items()}
    print(json.dumps([entry, group["lr"], kinds, shared]))
`;
  const run = spawnSync(python, ["-c", script, path], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  const [plain, mapped] = run.stdout.trim().split("\n");
  expect(mapped).toBe(plain);
  const rows = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  // -2**70 is beyond JSON's numbers here: rounding keeps a power of two
  expect(JSON.parse(plain)).toEqual([
    { step: 7, exp_avg: rows, exp_avg_sq: rows },
    1e-3,
    ["tuple", "float"],
    {
      counts: [255, 65536, -1, 2 ** 40, -(2 ** 70)],
      text: "é 😀",
      ids: ["torch.int64", [2], [-1, 2 ** 40]],
      half: ["torch.bfloat16", [1], [1.5]],
      mask: ["torch.bool", [2], [true, false]],
      empty: ["torch.float32", [0, 3], []],
    },
  ]);
});

it.skipIf(!existsSync(python))("Python reads archives with 64-bit fields", async () => {
  const entries = ["a/one", "a/two"].map((name, i) => ({ name, data: () => new Uint8Array(30).fill(65 + i) }));
  const path = join(root, "wide.zip");
  const chunks: Uint8Array[] = [];
  for await (const chunk of zipArchive(entries, 20)) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks));
  const script = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
print([(info.filename, archive.read(info).decode()) for info in archive.infolist()])
`;
  const run = spawnSync(python, ["-c", script, path], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.stdout.trim()).toBe(`[('a/one', '${"A".repeat(30)}'), ('a/two', '${"B".repeat(30)}')]`);
});
