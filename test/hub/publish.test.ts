// Publishing to a loopback Hub: one commit with all files, whatever happens on the way.
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createCommit, createRepo, folderFiles, snapshotDownload, uploadFolder } from "../../src/hub/index.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { everythingIn, loopback, noise, quick } from "./loopback.js";
import { commit, commitAt, type Repository, smallFile } from "./server/repositories.js";

const context = loopback("hub-publish");
const folder = join(temporaryFolder("hub-publish-files"), "run");
const weights = noise(12_000, 5);

beforeAll(() => {
  const { accounts } = context.hub;
  accounts.set("hf_ann", { name: "ann", orgs: ["acme"] });
  accounts.set("hf_reader", { name: "ann", role: "read" });
  accounts.set("hf_bob", { name: "bob" });
  mkdirSync(join(folder, "logs"), { recursive: true });
  mkdirSync(join(folder, ".git"));
  mkdirSync(join(folder, ".saving"));
  writeFileSync(join(folder, "config.json"), "{}");
  writeFileSync(join(folder, "empty.bin"), "");
  writeFileSync(join(folder, "model.safetensors"), weights);
  writeFileSync(join(folder, "logs/events.txt"), "step 1\n");
  writeFileSync(join(folder, ".git/HEAD"), "ref");
  writeFileSync(join(folder, ".saving/config.json"), "{");
  writeFileSync(join(folder, ".config.json.host-1-0a1b2c3d.tmp"), "{");
  symlinkSync("config.json", join(folder, "linked.json"));
});

beforeEach(() => {
  process.env.HF_TOKEN = "hf_ann";
  context.hub.uploads.chunkSize = 5_000_000;
});

const ALL = ["config.json", "empty.bin", "linked.json", "logs/events.txt", "model.safetensors"];

function repository(id: string, type = "models"): Repository {
  const found = context.hub.repositories.get(`${type}/${id}`);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
}

function requests(pattern: RegExp): string[] {
  return context.hub.seen.filter(({ path }) => pattern.test(path)).map(({ method, path }) => `${method} ${path}`);
}

describe("a folder", () => {
  it("becomes one commit of a new repository, large files apart; what is not meant for others stays", async () => {
    const { hub } = context;
    expect((await folderFiles(folder)).map(({ path }) => path)).toEqual(ALL);
    const published = await uploadFolder("ann/run", folder, { commitMessage: "First", commitDescription: "all of it" });
    expect(published).toMatchObject({ id: "ann/run", url: `${hub.endpoint}/ann/run`, changed: ALL });
    expect([...hub.files("model", "ann/run").keys()].sort()).toEqual([".gitattributes", ...ALL].sort());
    const head = commitAt(repository("ann/run"), "main");
    expect(head).toMatchObject({ id: published.commit, title: "First", description: "all of it" });
    expect(repository("ann/run").commits.size).toBe(2); // with the one that made the repository
    expect(requests(/\/upload\//).length).toBe(1);
    const again = await snapshotDownload("ann/run");
    expect(readFileSync(join(again, "model.safetensors"))).toEqual(Buffer.from(weights));
    for (const { server, authorization } of hub.seen) {
      expect(authorization).toBe(server === "hub" ? "Bearer hf_ann" : undefined);
    }
  });

  it("that the Hub has already makes no commit, and one file that changed goes alone", async () => {
    const { hub } = context;
    const first = await uploadFolder("ann/again", folder);
    const second = await uploadFolder("ann/again", folder);
    expect(second).toMatchObject({ commit: first.commit, changed: [] });
    hub.seen.length = 0;
    writeFileSync(join(folder, "logs/events.txt"), "step 2\n");
    expect((await uploadFolder("ann/again", folder)).changed).toEqual(["logs/events.txt"]);
    expect(requests(/\/upload\//)).toEqual([]);
    expect(await hub.text("model", "ann/again", "logs/events.txt")).toBe("step 2\n");
  });

  it("goes in parts where the Hub wants that, never whole in memory, and is confirmed", async () => {
    const { hub } = context;
    hub.uploads.chunkSize = 5000;
    const large = noise(23_456, 9);
    writeFileSync(join(folder, "model.safetensors"), large);
    hub.uploads.puts = 0;
    await uploadFolder("ann/parts", folder);
    expect(hub.uploads.puts).toBe(5);
    expect(requests(/^\/lfs\/(complete|verify)\//).map((each) => each.split("/")[2])).toEqual(["complete", "verify"]);
    expect(hub.files("model", "ann/parts").get("model.safetensors")?.content.size).toBe(23_456);
    writeFileSync(join(folder, "model.safetensors"), weights);
  });

  it("takes patterns, a folder in the repository, another branch", async () => {
    const { hub } = context;
    await createRepo("ann/pieces");
    await uploadFolder("ann/pieces", folder, {
      pathInRepo: "runs/1/",
      allowPatterns: ["*.json", "logs/"],
      ignorePatterns: "linked*",
      revision: "draft",
    });
    expect([...hub.files("model", "ann/pieces", "draft").keys()]).toEqual([
      ".gitattributes",
      "runs/1/config.json",
      "runs/1/logs/events.txt",
    ]);
    expect([...hub.files("model", "ann/pieces").keys()]).toEqual([".gitattributes"]);
  });

  it("may become a pull request, to others' repositories too", async () => {
    const { hub } = context;
    hub.add("model", "bob/open", new Map([["config.json", smallFile("old")]]));
    await expect(uploadFolder("bob/open", folder)).rejects.toMatchObject({ kind: "forbidden", status: 403 });
    const { pullRequestUrl } = await uploadFolder("bob/open", folder, { createPr: true });
    expect(pullRequestUrl).toBe(`${hub.endpoint}/bob/open/discussions/1`);
    expect(await hub.text("model", "bob/open", "config.json")).toBe("old");
    expect(await hub.text("model", "bob/open", "config.json", "refs/pr/1")).toBe("{}");
  });

  it("leaves out what its .gitignore names", async () => {
    writeFileSync(join(folder, ".gitignore"), "empty.bin\n");
    const { changed } = await uploadFolder("ann/ignoring", folder);
    expect(changed).not.toContain("empty.bin");
    writeFileSync(join(folder, ".gitignore"), "");
  });

  it("that is not there, or empty, is refused before anything is asked", async () => {
    const nothing = join(folder, "..", "nothing");
    await expect(uploadFolder("ann/x", nothing)).rejects.toThrow(/there is no folder ".*nothing" to publish/);
    mkdirSync(nothing);
    await expect(uploadFolder("ann/x", nothing)).rejects.toThrow(/holds no file to publish/);
    expect(context.hub.seen).toEqual([]);
  });
});

describe("a repository", () => {
  it("is private where that is asked for, of a type, and of the account where no owner is named", async () => {
    const { hub } = context;
    expect(await createRepo("mine", { private: true })).toEqual({ id: "ann/mine", url: `${hub.endpoint}/ann/mine` });
    expect(repository("ann/mine").private).toBe(true);
    expect((await createRepo("acme/data", { repoType: "dataset" })).url).toBe(`${hub.endpoint}/datasets/acme/data`);
    expect(repository("acme/data", "datasets").private).toBe(false);
    await createRepo("ann/mine");
    await expect(createRepo("ann/mine", { existOk: false })).rejects.toMatchObject({ kind: "conflict" });
  });

  it("needs a token that may write, and says so", async () => {
    await expect(createRepo("acme/x", { token: "hf_reader" })).rejects.toThrow(
      /has no access to the model "acme\/x" \(403\). Make a token with the permission to write at .*\/settings\/tokens/,
    );
    await expect(createRepo("carl/x")).rejects.toMatchObject({ kind: "forbidden" });
    process.env.HF_TOKEN = "";
    await expect(createCommit("ann/x", [{ path: "a", content: new Uint8Array(1) }])).rejects.toThrow(
      /publishing needs a login: run `attune login`/,
    );
  });
});

describe("a commit", () => {
  const addition = { path: "a.txt", content: new TextEncoder().encode("new") };

  it("that was made although its answer was lost is not made again", async () => {
    const { hub } = context;
    await createRepo("ann/lost");
    let lost = 0;
    hub.fault = ({ path }) => {
      if (!path.includes("/commit/") || lost++ > 0) return undefined;
      // the Hub makes the commit, and the connection breaks before it can say so
      commit(repository("ann/lost"), "main", new Map([["a.txt", smallFile("new")]]), { title: "made" });
      return { cutAfter: 0 };
    };
    const { commit: id } = await createCommit("ann/lost", [addition], quick);
    expect(commitAt(repository("ann/lost"), "main")).toMatchObject({ id, title: "made" });
    expect(lost).toBe(1);
  });

  it("that did not arrive, or met another one, is sent again", async () => {
    const { hub } = context;
    await createRepo("ann/retried");
    const faults = [
      { cutAfter: 0 },
      { status: 409, text: '{"error": "another commit is in progress"}' },
      { status: 503 },
    ];
    hub.fault = ({ path }) => (path.includes("/commit/") ? faults.shift() : undefined);
    await createCommit("ann/retried", [addition], quick);
    expect(await hub.text("model", "ann/retried", "a.txt")).toBe("new");
    expect(repository("ann/retried").commits.size).toBe(2);
  });

  it("on a branch that has moved is refused where the parent was named", async () => {
    await createRepo("ann/moved");
    const [parentCommit] = [...repository("ann/moved").commits.keys()];
    commit(repository("ann/moved"), "main", new Map([["b.txt", smallFile("b")]]));
    await expect(createCommit("ann/moved", [addition], { parentCommit, ...quick })).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringMatching(/was changed by somebody else meanwhile/),
    });
  });

  it("removes files, and refuses paths that are not a repository's", async () => {
    const { hub } = context;
    await createCommit("ann/less", [addition]);
    await createCommit("ann/less", [], {}, ["a.txt"]);
    expect([...hub.files("model", "ann/less").keys()]).toEqual([".gitattributes"]);
    for (const path of ["../a", "/a", "a/../../b", "a//b", ".git/config", "c:\\a", ""]) {
      await expect(createCommit("ann/less", [{ ...addition, path }])).rejects.toMatchObject({ name: "HubError" });
    }
  });

  it("that fails leaves the folder as it was, and says how to go on", async () => {
    const { hub } = context;
    hub.fault = ({ server }) => (server === "storage" ? { status: 500 } : undefined);
    writeFileSync(join(folder, "model.safetensors"), noise(9000, 17)); // which no storage has yet
    const before = everythingIn(folder);
    const failed = uploadFolder("ann/failed", folder, quick);
    await expect(failed).rejects.toThrow(
      new RegExp(`nothing is lost: ${folder} holds all of it. Try again with \`attune push ${folder} ann/failed\``),
    );
    expect(everythingIn(folder)).toEqual(before);
    expect([...hub.files("model", "ann/failed").keys()]).toEqual([".gitattributes"]);
    hub.fault = () => undefined;
    await uploadFolder("ann/failed", folder);
    expect(hub.files("model", "ann/failed").size).toBe(7);
  });

  it("whose uploads are cut or answered with 5xx goes on where it can", async () => {
    const { hub } = context;
    hub.uploads.chunkSize = 3000;
    writeFileSync(join(folder, "model.safetensors"), noise(20_000, 11));
    let n = 0;
    hub.fault = ({ server }) => {
      if (server !== "storage" || n++ % 2 === 1) return undefined;
      return n % 4 === 1 ? { cutAfter: 0 } : { status: 503 };
    };
    await uploadFolder("ann/shaky", folder, quick);
    hub.fault = () => undefined;
    const back = await snapshotDownload("ann/shaky");
    expect(readFileSync(join(back, "model.safetensors"))).toEqual(Buffer.from(noise(20_000, 11)));
    writeFileSync(join(folder, "model.safetensors"), weights);
  });
});
