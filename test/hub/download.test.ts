// Downloads into the cache, from a loopback Hub: what lands where, what is asked for, what happens without a connection.
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HubError, hfHubDownload, snapshotDownload, tryToLoadFromCache } from "../../src/hub/index.js";
import { everythingIn, fewFiles, loopback, noise, quick, WEIGHTS } from "./loopback.js";
import { commit, largeFile, smallFile } from "./server/repositories.js";

const context = loopback("hub-download");

describe("a snapshot", () => {
  it("has Python's layout: blobs by checksum, a ref, relative links, the commit's listing, the tag for backups", async () => {
    const { hub, cache } = context;
    const repository = hub.add("model", "ann/small", fewFiles);
    const folder = await snapshotDownload("ann/small");
    const commitId = repository.branches.get("main") ?? "";
    const root = join(cache, "models--ann--small");
    expect(folder).toBe(join(root, "snapshots", commitId));
    expect(readFileSync(join(root, "refs/main"), "utf8")).toBe(commitId);
    const sha256 = createHash("sha256").update(WEIGHTS).digest("hex");
    expect(readlinkSync(join(folder, "model.safetensors"))).toBe(`../../blobs/${sha256}`);
    expect(readlinkSync(join(folder, "docs/notes.txt"))).toBe(`../../../blobs/${fewFiles.get("docs/notes.txt")?.oid}`);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(Buffer.from(WEIGHTS));
    expect(readdirSync(join(root, "blobs")).sort()).toEqual(
      [...fewFiles.values()].map((f) => f.sha256 ?? f.oid).sort(),
    );
    expect(readFileSync(join(cache, "CACHEDIR.TAG"), "utf8")).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55\n/);
    const { format_version, files } = JSON.parse(readFileSync(join(root, `trees/${commitId}.json`), "utf8"));
    expect(format_version).toBe(1);
    expect(files["model.safetensors"]).toMatchObject({
      size: WEIGHTS.length,
      lfs_sha256: sha256,
      lfs_size: WEIGHTS.length,
    });
    expect(files["config.json"]).toEqual({ size: 23, blob_id: fewFiles.get("config.json")?.oid });
  });

  it("is asked for again only where the branch has moved, and then only for what changed", async () => {
    const { hub } = context;
    const repository = hub.add("model", "ann/moving", fewFiles);
    await snapshotDownload("ann/moving");
    hub.seen.length = 0;
    await snapshotDownload("ann/moving");
    expect(hub.seen.map(({ path }) => path)).toEqual(["/api/models/ann/moving/revision/main"]);
    const { id } = commit(repository, "main", new Map([...fewFiles, ["config.json", smallFile("{}")]]));
    hub.seen.length = 0;
    const folder = await snapshotDownload("ann/moving");
    expect(folder.endsWith(id)).toBe(true);
    expect(hub.seen.filter(({ path }) => path.includes("resolve")).map(({ path }) => path)).toEqual([
      `/ann/moving/resolve/${id}/config.json`,
    ]);
    expect(everythingIn(folder)).toEqual(["config.json", "docs", "docs/notes.txt", "model.safetensors"]);
  });

  it("takes patterns, as Python's function does", async () => {
    context.hub.add("model", "ann/picked", fewFiles);
    const folder = await snapshotDownload("ann/picked", {
      allowPatterns: ["*.json", "docs/"],
      ignorePatterns: "config.*",
    });
    expect(everythingIn(folder)).toEqual(["docs", "docs/notes.txt"]);
  });

  it("follows branches, tags, pull requests and commits; a commit that is there asks nothing", async () => {
    const { hub } = context;
    const repository = hub.add("model", "ann/branches", fewFiles);
    const branch = commit(repository, "v1.0", new Map([["only.txt", smallFile("v1")]]));
    const pull = commit(repository, "refs/pr/3", new Map([["pull.txt", smallFile("pr")]]));
    expect(everythingIn(await snapshotDownload("ann/branches", { revision: "v1.0" }))).toEqual(["only.txt"]);
    expect(everythingIn(await snapshotDownload("ann/branches", { revision: "refs/pr/3" }))).toEqual(["pull.txt"]);
    expect(readFileSync(join(context.cache, "models--ann--branches/refs/refs/pr/3"), "utf8")).toBe(pull.id);
    hub.seen.length = 0;
    await snapshotDownload("ann/branches", { revision: branch.id });
    expect(hub.seen).toEqual([]);
  });

  it("follows a renamed repository, and keeps it under the name asked for", async () => {
    const { hub, cache } = context;
    hub.add("model", "google-bert/bert-base-uncased", fewFiles);
    hub.renamed.set("models/bert-base-uncased", "models/google-bert/bert-base-uncased");
    const folder = await snapshotDownload("bert-base-uncased");
    expect(folder.startsWith(join(cache, "models--bert-base-uncased/snapshots"))).toBe(true);
    expect(readFileSync(join(folder, "config.json"), "utf8")).toContain("bert");
  });

  it("reads listings of several pages", async () => {
    const { hub } = context;
    hub.pageSize = 7;
    const many = new Map(Array.from({ length: 40 }, (_, i) => [`part-${i}.txt`, smallFile(`number ${i}`)]));
    hub.add("dataset", "ann/many", many);
    expect(everythingIn(await snapshotDownload("ann/many", { repoType: "dataset" })).length).toBe(40);
    hub.pageSize = 1000;
  });

  it("makes copies where there are to be no links", async () => {
    process.env.HF_HUB_DISABLE_SYMLINKS = "1";
    context.hub.add("model", "ann/copies", fewFiles);
    const folder = await snapshotDownload("ann/copies");
    expect(lstatSync(join(folder, "config.json")).isFile()).toBe(true);
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(Buffer.from(WEIGHTS));
  });
});

describe("one file", () => {
  it("comes with one question, and its absence is noted where Python looks", async () => {
    const { hub, cache } = context;
    const repository = hub.add("model", "ann/one", fewFiles);
    const path = await hfHubDownload("ann/one", "docs/notes.txt");
    expect(readFileSync(path, "utf8")).toBe("Zeilen\n");
    expect(hub.seen.map(({ method }) => method)).toEqual(["HEAD", "GET"]);
    await expect(hfHubDownload("ann/one", "vocab.txt")).rejects.toThrow('the model "ann/one" has no file "vocab.txt"');
    const marker = join(cache, "models--ann--one/.no_exist", repository.branches.get("main") ?? "", "vocab.txt");
    expect(readFileSync(marker, "utf8")).toBe("");
    expect(await tryToLoadFromCache("ann/one", "docs/notes.txt")).toBe(path);
    expect(await tryToLoadFromCache("ann/one", "config.json")).toBeUndefined();
  });

  it("asked for twice at once comes once", async () => {
    const { hub } = context;
    hub.add("model", "ann/twice", fewFiles);
    const paths = await Promise.all([1, 2, 3].map(() => hfHubDownload("ann/twice", "model.safetensors")));
    expect(new Set(paths).size).toBe(1);
    expect(hub.seen.filter(({ server }) => server === "storage").length).toBe(1);
  });
});

describe("without a connection", () => {
  it("what is in the cache is found, and what is not is named with the way out", async () => {
    const { hub } = context;
    hub.add("model", "ann/offline", fewFiles);
    await hfHubDownload("ann/offline", "config.json");
    process.env.HF_HUB_OFFLINE = "1";
    hub.seen.length = 0;
    expect(readFileSync(await hfHubDownload("ann/offline", "config.json"), "utf8")).toContain("bert");
    expect(everythingIn(await snapshotDownload("ann/offline"))).toEqual(["config.json"]);
    await expect(hfHubDownload("ann/offline", "docs/notes.txt")).rejects.toMatchObject({ kind: "offline" });
    await expect(snapshotDownload("ann/never")).rejects.toThrow(
      /"ann\/never" at "main" is not in the cache .*HF_HUB_OFFLINE/,
    );
    expect(hub.seen).toEqual([]);
  });

  it("a Hub that does not answer leaves the cache in use; a snapshot that lacks files says which", async () => {
    const { hub } = context;
    hub.add("model", "ann/gone", fewFiles);
    await snapshotDownload("ann/gone", { allowPatterns: "*.json" });
    hub.fault = () => ({ cutAfter: 0 });
    expect(everythingIn(await snapshotDownload("ann/gone", { allowPatterns: "*.json" }))).toEqual(["config.json"]);
    await expect(snapshotDownload("ann/gone")).rejects.toThrow(
      /docs\/notes.txt, model.safetensors of the model "ann\/gone"/,
    );
    process.env.HF_ENDPOINT = "http://127.0.0.1:1";
    await expect(snapshotDownload("ann/else", quick)).rejects.toThrow(
      /does not answer after 3 attempts: .*ECONNREFUSED/,
    );
  });

  it("a ref that ends with a newline is read", async () => {
    const { hub, cache } = context;
    const repository = hub.add("model", "ann/newline", fewFiles);
    await snapshotDownload("ann/newline");
    writeFileSync(join(cache, "models--ann--newline/refs/main"), `${repository.branches.get("main")}\n`);
    expect(everythingIn(await snapshotDownload("ann/newline", { localFilesOnly: true })).length).toBe(4);
  });
});

describe("contents that several repositories share", () => {
  it("are read through their links, and a link to nothing is replaced, never written through", async () => {
    const { hub, cache } = context;
    const xetHash = "ab".repeat(32);
    const bytes = noise(5000, 3);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const file = largeFile(
      { size: bytes.length, read: (a, b) => hub.uploads && readable(bytes.subarray(a, b)) },
      sha256,
      xetHash,
    );
    hub.add("model", "ann/shared", new Map([["model.safetensors", file]]));
    const store = join(cache, "blobs", xetHash.slice(0, 2));
    const blobs = join(cache, "models--ann--shared/blobs");
    mkdirSync(store, { recursive: true });
    mkdirSync(blobs, { recursive: true });
    writeFileSync(join(cache, "blobs/.huggingface-shared-blobs"), "1\n");
    writeFileSync(join(store, xetHash), bytes);
    symlinkSync(`../../blobs/${xetHash.slice(0, 2)}/${xetHash}`, join(blobs, sha256));
    const folder = await snapshotDownload("ann/shared");
    expect(readFileSync(join(folder, "model.safetensors"))).toEqual(Buffer.from(bytes));
    expect(hub.seen.some(({ server }) => server === "storage")).toBe(false);
    expect(lstatSync(join(blobs, sha256)).isSymbolicLink()).toBe(true);

    writeFileSync(join(store, xetHash), "short"); // not the content any more
    expect(readFileSync(join(await snapshotDownload("ann/shared"), "model.safetensors"))).toEqual(Buffer.from(bytes));
    expect(readFileSync(join(store, xetHash), "utf8")).toBe("short");
    expect(lstatSync(join(blobs, sha256)).isFile()).toBe(true);
  });
});

describe("names", () => {
  it("that are none are refused before anything is asked", async () => {
    for (const id of ["a/b/c", "../x", "a--b", "x.git", "-x", "a/", "", "a b"]) {
      await expect(snapshotDownload(id)).rejects.toThrow(/is no repository's id/);
    }
    for (const revision of ["../main", "a b", "/x", "a..\\b"]) {
      await expect(snapshotDownload("a/b", { revision })).rejects.toThrow(/is no revision/);
    }
    expect(context.hub.seen).toEqual([]);
  });

  it("of an unknown repository, revision or file say what to do", async () => {
    context.hub.add("model", "ann/there", fewFiles);
    await expect(snapshotDownload("ann/nothing")).rejects.toThrow(
      /the model "ann\/nothing" is not on the Hub, or it is private. Check the name; for a private one log in/,
    );
    await expect(snapshotDownload("ann/there", { revision: "v9" })).rejects.toThrow(/has no revision "v9"/);
    await expect(snapshotDownload("ann/there", { revision: "v9" })).rejects.toBeInstanceOf(HubError);
  });
});

function readable(bytes: Uint8Array) {
  return smallFile(bytes).content.read(0, bytes.length);
}
