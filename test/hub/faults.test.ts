// What can go wrong between here and the Hub: cuts, stalls, lies, kills, two at once, paths that want out of the cache.
// The long forms are in load.soak.ts.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { proxyFor } from "../../src/hub/http.js";
import { hfHubDownload, scanCacheDir, snapshotDownload, verifyCache } from "../../src/hub/index.js";
import { projectRoot } from "../cli/run.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { downloadsWithCuts } from "./cuts.js";
import { cleanEnvironment, everythingIn, fewFiles, hubVariables, loopback, noise, quick } from "./loopback.js";
import { largeBytes, smallFile } from "./server/repositories.js";
import type { Fault } from "./server/server.js";

const context = loopback("hub-faults");
const weights = noise(500_000, 7);

function addWeights(id: string): void {
  context.hub.add("model", id, new Map([["model.safetensors", largeBytes(weights)]]));
}

/** Faults of the storage, one for each request, then none. */
function storageFaults(...faults: Fault[]): void {
  context.hub.fault = ({ server }) => (server === "storage" ? faults.shift() : undefined);
}

function ranges(): (string | undefined)[] {
  return context.hub.seen.filter(({ server }) => server === "storage").map(({ range }) => range);
}

function expectNothingKept(id: string): void {
  const root = join(context.cache, `models--${id.replace("/", "--")}`);
  expect(readdirSync(join(root, "blobs"))).toEqual([]);
  expect(existsSync(join(root, "snapshots"))).toBe(false);
}

describe("a connection that is cut", () => {
  it("goes on at the byte where it broke", async () => {
    addWeights("ann/cut-twice");
    storageFaults({ cutAfter: 100_000 }, { cutAfter: 150_000 });
    const folder = await snapshotDownload("ann/cut-twice", quick);
    expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
    const [first, ...others] = ranges();
    expect(first).toBeUndefined();
    expect(others.length).toBe(2);
    const starts = others.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1]));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[1]).toBeGreaterThan(starts[0]);
  });

  it("begins anew where the server knows no ranges", async () => {
    addWeights("ann/no-ranges");
    storageFaults({ cutAfter: 100_000 }, { noRanges: true });
    const folder = await snapshotDownload("ann/no-ranges", quick);
    expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
  });

  it("or stands still is given up after the timeout, and said where it never gets better", async () => {
    process.env.HF_HUB_DOWNLOAD_TIMEOUT = "0.3";
    addWeights("ann/slow");
    const slow = { pause: 3000, cutAfter: 400_000 };
    storageFaults(slow);
    const folder = await snapshotDownload("ann/slow", quick);
    expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
    addWeights("ann/slower");
    context.hub.fault = ({ server }) => (server === "storage" ? { cutAfter: 0 } : undefined);
    await expect(snapshotDownload("ann/slower", { ...quick, attempts: 2 })).rejects.toThrow(
      /does not answer after 2 attempts/,
    );
    expectNothingKept("ann/slower");
  });

  it("at random bytes ends with a good file or a clear error (30 of the 200 runs of the soak)", async () => {
    const whole = await downloadsWithCuts(context.hub, join(context.home, "cuts"), 30, 1);
    expect(whole).toBeGreaterThan(10);
  });
});

describe("a server that lies", () => {
  it.each<[string, Fault, RegExp]>([
    ["about the content", { corrupt: true }, /what came has the checksum [0-9a-f]{64}, announced was [0-9a-f]{64}/],
    [
      "about the length",
      { headers: { "content-length": "499999" }, cutAfter: 1 },
      /has 499999 bytes there, where 500000 were announced/,
    ],
    ["about its status", { status: 404 }, /is not on the Hub|answers 404/],
  ])("%s is caught, and nothing of it is kept", async (_, fault, message) => {
    const id = `ann/lies-${message.source.length}`;
    addWeights(id);
    context.hub.fault = ({ server }) => (server === "storage" ? fault : undefined);
    await expect(snapshotDownload(id, quick)).rejects.toThrow(message);
    expectNothingKept(id);
  });

  it("about the ETag is caught", async () => {
    addWeights("ann/other-etag");
    context.hub.fault = ({ path }) =>
      path.includes("/resolve/") ? { headers: { "x-linked-etag": '"ab"' } } : undefined;
    await expect(snapshotDownload("ann/other-etag", quick)).rejects.toThrow(
      /is "ab" now, where "[0-9a-f]{64}" was announced/,
    );
    expectNothingKept("ann/other-etag");
  });

  it("with an ETag that would be a path is refused", async () => {
    addWeights("ann/etag-path");
    const etag = '"../../../../evil"';
    context.hub.fault = ({ path }) => (path.includes("/resolve/") ? { headers: { "x-linked-etag": etag } } : undefined);
    await expect(hfHubDownload("ann/etag-path", "model.safetensors", quick)).rejects.toThrow(
      /cannot name a file; it is refused/,
    );
  });

  it("about the range that it sends is caught", async () => {
    addWeights("ann/ranges");
    storageFaults({ cutAfter: 100_000 }, { headers: { "content-range": "bytes 5-499999/500000" } });
    await expect(snapshotDownload("ann/ranges", quick)).rejects.toThrow(
      /sent the range "bytes 5-499999\/500000" where bytes from \d+/,
    );
  });

  it("with a page in place of an answer is told from a Hub", async () => {
    addWeights("ann/portal");
    context.hub.fault = () => ({ status: 200, text: "<html>Please log in to the hotel's network</html>" });
    await expect(snapshotDownload("ann/portal", quick)).rejects.toThrow(
      /answered with something else than JSON: is HF_ENDPOINT/,
    );
  });

  it("that sends in circles, or to another kind of address, is left", async () => {
    addWeights("ann/circles");
    const to = (location: string) => {
      context.hub.fault = ({ path }) =>
        path.includes("/resolve/") ? { status: 302, headers: { location } } : undefined;
    };
    to("/ann/circles/resolve/main/model.safetensors");
    await expect(snapshotDownload("ann/circles", quick)).rejects.toThrow(/redirects in circles/);
    to("file:///etc/passwd");
    await expect(snapshotDownload("ann/circles", quick)).rejects.toThrow(/redirects to file:, which is refused/);
  });
});

describe("a path in a repository", () => {
  it.each(["../evil.txt", "a/../../evil.txt", "/tmp/evil.txt", "C:\\evil.txt", "..\\evil.txt", "a//b", "./a"])(
    "%j is refused",
    async (path) => {
      const id = `ann/path-${Buffer.from(path).toString("hex")}`;
      context.hub.add("model", id, new Map([[path, smallFile("evil")]]));
      await expect(snapshotDownload(id, quick)).rejects.toThrow(/leads out of it, or means another place/);
      await expect(hfHubDownload(id, path)).rejects.toThrow(/it is refused/);
    },
  );

  it("is not written through a link", async () => {
    const { hub, cache } = context;
    const repository = hub.add("model", "ann/linked", fewFiles);
    const outside = temporaryFolder("hub-outside");
    const snapshot = join(cache, "models--ann--linked/snapshots", repository.branches.get("main") ?? "");
    mkdirSync(snapshot, { recursive: true });
    symlinkSync(outside, join(snapshot, "docs"));
    await expect(snapshotDownload("ann/linked")).rejects.toThrow(/docs is a link to .*: nothing is written through it/);
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe("processes", () => {
  const start = (id: string) => {
    const script = fileURLToPath(new URL("programs/download.ts", import.meta.url));
    const env = { ...cleanEnvironment(), ...hubVariables(context.hub, context.home) };
    const child = spawn(process.execPath, ["--import", "tsx", script, id], { cwd: projectRoot, env });
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<{ status: number | null; stderr: string }>((resolve) =>
      child.on("close", (status) => resolve({ status, stderr })),
    );
    return { child, ended };
  };

  it("that is killed leaves nothing that is taken for a file, and the next one goes on where it was", async () => {
    const { hub, cache } = context;
    addWeights("ann/killed");
    const blobs = join(cache, "models--ann--killed/blobs");
    storageFaults({ pause: 50, cutAfter: 450_000 });
    const { child, ended } = start("ann/killed");
    const begun = () => {
      try {
        return readdirSync(blobs).some((name) => readFileSync(join(blobs, name)).length > 100_000);
      } catch {
        return false;
      }
    };
    while (!begun()) await wait(10);
    child.kill("SIGKILL");
    await ended;
    const left = readdirSync(blobs);
    expect(left).toEqual([expect.stringMatching(/^[0-9a-f]{64}\..*\.incomplete$/)]);
    const [{ revisions }] = (await scanCacheDir()).repos.concat({ revisions: [] } as never);
    expect(revisions.flatMap(({ files }) => files)).toEqual([]);
    expect((await scanCacheDir()).incomplete.length).toBe(1);

    hub.seen.length = 0;
    const folder = await snapshotDownload("ann/killed", quick);
    expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
    expect(Number(/^bytes=(\d+)-$/.exec(ranges()[0] ?? "")?.[1])).toBeGreaterThan(100_000);
    expect(readdirSync(blobs).length).toBe(1);
    expect((await verifyCache()).problems).toEqual([]);
  });

  it("that fetch the same file at once end with one good content", async () => {
    const { cache } = context;
    addWeights("ann/both");
    context.hub.fault = ({ server }) => (server === "storage" ? { pause: 5 } : undefined);
    const ends = await Promise.all([
      start("ann/both").ended,
      start("ann/both").ended,
      snapshotDownload("ann/both").then(() => 0),
    ]);
    expect(ends.slice(0, 2)).toEqual([expect.objectContaining({ status: 0 }), expect.objectContaining({ status: 0 })]);
    expect(readdirSync(join(cache, "models--ann--both/blobs")).length).toBe(1);
    expect((await verifyCache()).problems).toEqual([]);
    expect(everythingIn(join(cache, "models--ann--both/snapshots")).length).toBe(2);
  });
});

describe("a cache", () => {
  it("that cannot be written to is said with its folder", async () => {
    addWeights("ann/read-only");
    const file = join(temporaryFolder("hub-no-folder"), "file");
    writeFileSync(file, "");
    await expect(snapshotDownload("ann/read-only", { cacheDir: file })).rejects.toThrow(
      /cannot write into the cache .*file: .*set HF_HUB_CACHE to a folder that takes it/,
    );
  });
});

describe("many files", () => {
  it("come several at a time", async () => {
    const files = new Map(Array.from({ length: 25 }, (_, i) => [`part-${i}.bin`, largeBytes(noise(100_000, i))]));
    context.hub.add("dataset", "ann/many-parts", files);
    const folder = await snapshotDownload("ann/many-parts", { repoType: "dataset" });
    for (let i = 0; i < 25; i++)
      expect(readFileSync(join(folder, `part-${i}.bin`)).equals(noise(100_000, i))).toBe(true);
  });

  it("stop where one of them cannot be had, and those that came stay", async () => {
    const files = new Map(Array.from({ length: 12 }, (_, i) => [`part-${i}.bin`, largeBytes(noise(10_000, 100 + i))]));
    context.hub.add("dataset", "ann/one-bad", files);
    context.hub.fault = ({ path }) => (path.endsWith("part-11.bin") ? { status: 500 } : undefined);
    await expect(snapshotDownload("ann/one-bad", { repoType: "dataset", ...quick })).rejects.toMatchObject({
      kind: "server",
    });
    context.hub.fault = () => undefined;
    context.hub.seen.length = 0;
    await snapshotDownload("ann/one-bad", { repoType: "dataset" });
    expect(context.hub.seen.filter(({ server }) => server === "storage").length).toBeLessThan(12);
  });
});

describe("a proxy", () => {
  const tunnels: string[] = [];
  let proxy: Server | undefined;
  afterAll(() => proxy?.closeAllConnections());

  it("that the environment names is used, except for hosts of NO_PROXY", async () => {
    proxy = createServer();
    proxy.on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const [host, port] = (request.url ?? "").split(":");
      const target = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
    });
    await new Promise<void>((resolve) => proxy?.listen(0, "127.0.0.1", resolve));
    addWeights("ann/proxied");
    Object.assign(process.env, {
      HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      NO_PROXY: "",
    });
    const folder = await snapshotDownload("ann/proxied");
    expect(readFileSync(join(folder, "model.safetensors")).equals(weights)).toBe(true);
    expect(new Set(tunnels)).toEqual(new Set([context.hub.endpoint, context.hub.storage].map((each) => each.slice(7))));
  });

  it.each([
    ["https://huggingface.co/x", { HTTPS_PROXY: "http://p:1" }, "http://p:1"],
    ["https://huggingface.co/x", { https_proxy: "p:1" }, "http://p:1"],
    ["https://huggingface.co/x", { HTTP_PROXY: "http://p:1" }, undefined],
    ["https://huggingface.co/x", { ALL_PROXY: "http://p:2" }, "http://p:2"],
    ["https://huggingface.co/x", { HTTPS_PROXY: "http://p:1", NO_PROXY: "*" }, undefined],
    [
      "https://cdn.huggingface.co/x",
      { HTTPS_PROXY: "http://p:1", NO_PROXY: "example.org, .huggingface.co" },
      undefined,
    ],
    ["https://huggingface.co/x", { HTTPS_PROXY: "http://p:1", NO_PROXY: "notfacehuggingface.co" }, "http://p:1"],
    ["https://huggingface.co/x", { HTTPS_PROXY: "http://p:1", NO_PROXY: "huggingface.co:8443" }, "http://p:1"],
  ])("for %s with %o is %s", (url, variables, expected) => {
    delete process.env.NO_PROXY;
    Object.assign(process.env, variables);
    expect(proxyFor(new URL(url))).toBe(expected);
  });
});
