// attune cache: listing, removing, checking.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.js";
import { removeFromCache, scanCacheDir, snapshotDownload, verifyCache } from "../../src/hub/index.js";
import { attune } from "../cli/run.js";
import { fewFiles, hubVariables, loopback, WEIGHTS } from "./loopback.js";
import { commit, smallFile } from "./server/repositories.js";

const context = loopback("hub-cache");

/** A repository with two revisions in the cache, which share all but one small file; and a dataset. */
async function fill(): Promise<{ readonly first: string; readonly second: string; readonly folder: string }> {
  const { hub, cache } = context;
  const repository = hub.add("model", "ann/model", fewFiles);
  const first = repository.branches.get("main") ?? "";
  await snapshotDownload("ann/model");
  const { id: second } = commit(repository, "main", new Map([...fewFiles, ["config.json", smallFile("{}")]]));
  await snapshotDownload("ann/model");
  await snapshotDownload("ann/model", { revision: first });
  hub.add("dataset", "ann/data", new Map([["train.csv", smallFile("a,b\n")]]));
  await snapshotDownload("ann/data", { repoType: "dataset" });
  return { first, second, folder: join(cache, "models--ann--model") };
}

describe("a scan", () => {
  it("finds repositories, revisions and files, and counts what they share once", async () => {
    const { first, second } = await fill();
    const { repos, size } = await scanCacheDir();
    expect(repos.map(({ type, id }) => `${type} ${id}`)).toEqual(["dataset ann/data", "model ann/model"]);
    const [, model] = repos;
    expect(model.size).toBe(WEIGHTS.length + 23 + 2 + 7);
    expect(size).toBe(model.size + 4);
    const refs = Object.fromEntries(model.revisions.map((revision) => [revision.commit, revision.refs]));
    expect(refs).toEqual({ [first]: [], [second]: ["main"] });
    expect(model.revisions.map(({ files }) => files.map(({ path }) => path))).toEqual([
      ["config.json", "docs/notes.txt", "model.safetensors"],
      ["config.json", "docs/notes.txt", "model.safetensors"],
    ]);
  });

  it("of no cache is empty, and ignores what is none of its", async () => {
    expect((await scanCacheDir()).repos).toEqual([]);
    mkdirSync(join(context.cache, "models--a--b--c/snapshots"), { recursive: true });
    mkdirSync(join(context.cache, "blobs/ab"), { recursive: true });
    writeFileSync(join(context.cache, "notes.txt"), "");
    expect((await scanCacheDir()).repos).toEqual([]);
  });
});

describe("removing", () => {
  it("a revision leaves what the others use", async () => {
    const { first, second, folder } = await fill();
    const removal = await removeFromCache([`ann/model@${second.slice(0, 8)}`]);
    expect(removal).toEqual({ what: [`model ann/model@${second.slice(0, 7)}`], freed: 2, shared: 0 });
    expect(readdirSync(join(folder, "snapshots"))).toEqual([first]);
    expect(existsSync(join(folder, "refs/main"))).toBe(false);
    expect(readFileSync(join(folder, "snapshots", first, "model.safetensors"))).toEqual(Buffer.from(WEIGHTS));
    expect((await verifyCache()).problems).toEqual([]);
  });

  it("a repository leaves nothing of it, and a dry run all", async () => {
    const { folder } = await fill();
    const dry = await removeFromCache(["model/ann/model"], { dryRun: true });
    expect(existsSync(folder)).toBe(true);
    expect(await removeFromCache(["ann/model"])).toEqual(dry);
    expect(dry.freed).toBe(WEIGHTS.length + 23 + 2 + 7);
    expect(readdirSync(context.cache).sort()).toEqual(["CACHEDIR.TAG", "datasets--ann--data"]);
  });

  it("what is not there, or is two things, removes nothing", async () => {
    await fill();
    context.hub.add("dataset", "ann/model", new Map([["x", smallFile("x")]]));
    await snapshotDownload("ann/model", { repoType: "dataset" });
    await expect(removeFromCache(["ann/data", "ann/modle"])).rejects.toThrow(
      /has no "ann\/modle"; did you mean "ann\/model"/,
    );
    await expect(removeFromCache(["ann/model"])).rejects.toThrow(/say dataset\/ann\/model or model\/ann\/model/);
    await expect(removeFromCache(["model/ann/model@beef"])).rejects.toThrow(
      /has no revision "beef" in the cache; it has/,
    );
    expect((await scanCacheDir()).repos.length).toBe(3);
  });

  it("a repository whose contents are shared takes its links and leaves the store", async () => {
    const { folder } = await fill();
    const { cache } = context;
    const hash = "cd".repeat(32);
    const blob = join(folder, "blobs", readdirSync(join(folder, "blobs")).find((name) => name.length === 64) ?? "");
    mkdirSync(join(cache, "blobs/cd"), { recursive: true });
    writeFileSync(join(cache, "blobs/.huggingface-shared-blobs"), "1\n");
    writeFileSync(join(cache, "blobs/cd", hash), WEIGHTS);
    rmSync(blob);
    symlinkSync(`../../blobs/cd/${hash}`, blob);
    expect(lstatSync(blob).isSymbolicLink()).toBe(true);
    expect((await verifyCache()).problems).toEqual([]);
    const removal = await removeFromCache(["ann/model"]);
    expect(removal).toMatchObject({ shared: WEIGHTS.length, freed: 23 + 2 + 7 });
    expect(readFileSync(join(cache, "blobs/cd", hash)).length).toBe(WEIGHTS.length);
  });
});

describe("checking", () => {
  it("finds a damaged content, a link to nothing and a broken-off download, and mends them", async () => {
    const { folder, second } = await fill();
    const blobs = join(folder, "blobs");
    const large = readdirSync(blobs).find((name) => name.length === 64) ?? "";
    writeFileSync(join(blobs, large), "something else");
    const small = readdirSync(blobs).find((name) => name.length === 40) ?? "";
    rmSync(join(blobs, small));
    const { hostname } = await import("node:os");
    const host = hostname()
      .replaceAll(/[^A-Za-z0-9]/g, "_")
      .slice(0, 40);
    writeFileSync(join(blobs, `${large}.${host}-999999999-0a1b2c3d.incomplete`), "part");
    const reasons = (await verifyCache()).problems.map(({ reason }) => reason.replace(/[0-9a-f]{64}/, "SHA"));
    expect(new Set(reasons)).toEqual(
      new Set([
        "a link to a content that is not there",
        "its content has the checksum SHA",
        "a download that was broken off",
      ]),
    );
    await verifyCache({ fix: true });
    expect((await verifyCache()).problems).toEqual([]);
    const again = await snapshotDownload("ann/model");
    expect(again.endsWith(second)).toBe(true);
    expect(readFileSync(join(again, "model.safetensors"))).toEqual(Buffer.from(WEIGHTS));
  });

  it("as commands", async () => {
    const { folder } = await fill();
    const env = hubVariables(context.hub, context.home);
    const list = await attune(["cache", "ls"], { env });
    expect(list.stdout).toMatch(
      /dataset {2}ann\/data +4 bytes {2}\d{4}-\d\d-\d\d {2}main\nmodel {4}ann\/model +300\.0 kB .*main\n/,
    );
    expect((await attune(["cache", "ls", "--revisions"], { env })).stdout).toMatch(
      /ann\/model@[0-9a-f]{7} .*\n.*ann\/model@/,
    );
    expect(await attune(["cache", "verify"], { env })).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("5 contents checked; all are right"),
    });
    writeFileSync(join(folder, "blobs", readdirSync(join(folder, "blobs"))[0]), "x");
    expect(await attune(["cache", "verify"], { env })).toMatchObject({ status: 1 });
    expect((await attune(["cache", "rm", "ann/data", "--dry-run"], { env })).stdout).toBe(
      "Would remove dataset ann/data: 4 bytes\n",
    );
    expect((await attune(["cache", "rm", "ann/data"], { env })).stdout).toBe("Removed dataset ann/data: 4 bytes\n");
  });

  it.each([
    [["cache"], /attune cache needs ACTION/],
    [["cache", "list"], /no action "list"; did you mean ls/],
    [["cache", "rm"], /needs NAME/],
    [["cache", "rm", "nobody/nothing"], /has no "nobody\/nothing"/],
    [["cache", "ls", "--dry"], /Unknown flag --dry/],
    [["whoami", "now"], /"now" is not a flag/],
  ])("%s is wrong, and said so", async (args, message) => {
    await expect(runCommandLine(args)).rejects.toThrow(message);
  });
});
