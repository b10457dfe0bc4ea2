// The token: where it is found, who gets it, and that nobody sees it.
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hfHubDownload, login, logout, snapshotDownload, whoami } from "../../src/hub/index.js";
import { chooseToken, Token } from "../../src/hub/token.js";
import { attune } from "../cli/run.js";
import { fewFiles, hubVariables, loopback, quick } from "./loopback.js";

const SECRET = "hf_abcdefghijklmnopqrstuvwxyz";
const context = loopback("hub-account");

beforeAll(() => {
  context.hub.accounts.set(SECRET, { name: "ann", orgs: ["acme"] });
  context.hub.accounts.set("hf_bob", { name: "bob" });
  context.hub.add("model", "ann/secret", fewFiles, { private: true });
  context.hub.add("model", "meta/gated", fewFiles, { gated: ["ann"] });
});

beforeEach(() => {
  mkdirSync(context.home, { recursive: true });
});

describe("a token", () => {
  it("is that of HF_TOKEN, then that of the file; blanks around it do not count", async () => {
    expect(await chooseToken(undefined)).toBeUndefined();
    writeFileSync(join(context.home, "token"), "  hf_bob\n");
    expect((await whoami()).name).toBe("bob");
    process.env.HF_TOKEN = `${SECRET}\n`;
    expect(await whoami()).toEqual({
      name: "ann",
      fullName: "ann",
      orgs: ["acme"],
      tokenName: "ann-token",
      role: "write",
      tokenSource: "HF_TOKEN",
    });
    expect((await whoami({ token: "hf_bob" })).name).toBe("bob");
    await expect(whoami({ token: false })).rejects.toThrow(/not logged in: run `attune login`/);
  });

  it("shows itself to nobody", async () => {
    const token = new Token(SECRET, "HF_TOKEN");
    for (const text of [
      String(token),
      JSON.stringify({ token }),
      inspect(token),
      inspect({ a: [token] }),
      `${token}`,
    ]) {
      expect(text).not.toContain(SECRET.slice(3));
    }
    process.env.HF_TOKEN = "hf_not valid";
    const error = await whoami().catch((reason: Error) => reason);
    expect(String(error)).toMatch(/the token from HF_TOKEN holds blanks or other characters/);
    expect(inspect(error, { depth: 9 })).not.toContain("hf_not");
  });

  it("that the Hub does not accept is named by its source, never by its text", async () => {
    process.env.HF_TOKEN = "hf_wrong";
    const error = await whoami().catch((reason: Error) => reason);
    expect(String(error)).toMatch(/does not accept the token from HF_TOKEN \(401\)/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hf_wrong");
  });

  it("goes to the endpoint, and not to the storage that it redirects to", async () => {
    const { hub } = context;
    process.env.HF_TOKEN = SECRET;
    await snapshotDownload("ann/secret");
    expect(hub.seen.some(({ server }) => server === "storage")).toBe(true);
    for (const { server, authorization } of hub.seen) {
      expect(authorization).toBe(server === "hub" ? `Bearer ${SECRET}` : undefined);
    }
  });

  it("goes to no page of a listing at another host", async () => {
    const { hub } = context;
    process.env.HF_TOKEN = SECRET;
    hub.fault = ({ path }) =>
      path.includes("/tree/")
        ? { status: 200, headers: { link: `<${hub.storage}/steal>; rel="next"` }, text: "[]" }
        : undefined;
    await expect(snapshotDownload("ann/secret")).rejects.toThrow(/goes on at another host/);
    expect(hub.seen.some(({ server }) => server === "storage")).toBe(false);
  });
});

describe("access", () => {
  it("to a private repository needs a login: 401, 404 and 403 say what to do", async () => {
    await expect(snapshotDownload("ann/secret")).rejects.toMatchObject({
      kind: "repository-not-found",
      status: 401,
      message: expect.stringMatching(/is not on the Hub, or it is private.*log in with `attune login`/),
    });
    await expect(snapshotDownload("ann/secret", { token: "hf_bob" })).rejects.toMatchObject({
      kind: "repository-not-found",
      status: 404,
      message: expect.stringMatching(/or the token from the option `token` may not see it/),
    });
    context.hub.fault = () => ({ status: 403, text: '{"error": "Forbidden: no"}' });
    await expect(snapshotDownload("ann/secret", { token: "hf_bob" })).rejects.toMatchObject({
      kind: "forbidden",
      message: expect.stringMatching(
        /has no access to the model "ann\/secret" \(403\).*permission to read.*Forbidden: no/,
      ),
    });
  });

  it("to a gated repository has to be asked for", async () => {
    const page = `${context.hub.endpoint}/meta/gated`;
    await expect(hfHubDownload("meta/gated", "config.json")).rejects.toThrow(
      `the model "meta/gated" is gated: ask for access at ${page}, then log in with \`attune login\` or set HF_TOKEN`,
    );
    const refused = hfHubDownload("meta/gated", "config.json", { token: "hf_bob" });
    await expect(refused).rejects.toThrow(`has no access: ask for it at ${page}`);
    await expect(refused).rejects.toMatchObject({ kind: "gated", status: 403 });
    expect(await hfHubDownload("meta/gated", "config.json", { token: SECRET })).toContain("config.json");
    // what was had once is there without the token, too, as in Python
    expect(await hfHubDownload("meta/gated", "config.json")).toContain("config.json");
  });

  it("that is limited is waited for as long as the Hub asks, and then named", async () => {
    const { hub } = context;
    let left = 2;
    hub.fault = () => (left-- > 0 ? { status: 429, headers: { "retry-after": "0" } } : undefined);
    await hfHubDownload("meta/gated", "config.json", { token: SECRET });
    expect(left).toBeLessThan(0);
    hub.fault = () => ({ status: 429, headers: { ratelimit: '"api";r=0;t=3000' } });
    await expect(whoami({ token: SECRET, ...quick })).rejects.toThrow(/takes no more requests for now \(429\)/);
  });
});

describe("login and logout", () => {
  it("keep the token where Python looks, for its owner alone", async () => {
    const result = await login(` ${SECRET}\n`);
    expect(result.account.name).toBe("ann");
    const file = join(context.home, "token");
    expect(result.path).toBe(file);
    expect(readFileSync(file, "utf8")).toBe(SECRET);
    expect(readFileSync(join(context.home, "stored_tokens"), "utf8")).toBe(`[ann-token]\nhf_token = ${SECRET}\n\n`);
    for (const name of ["token", "stored_tokens"]) {
      expect(statSync(join(context.home, name)).mode & 0o777).toBe(0o600);
    }
    await login("hf_bob");
    expect(readFileSync(join(context.home, "stored_tokens"), "utf8")).toContain("[bob-token]\nhf_token = hf_bob\n");
    expect(readFileSync(join(context.home, "stored_tokens"), "utf8")).toContain(SECRET);
    expect((await logout()).removed.length).toBe(2);
    expect((await logout()).removed).toEqual([]);
  });

  it("write nothing for a token that the Hub does not accept", async () => {
    await expect(login("hf_wrong")).rejects.toMatchObject({ kind: "unauthorized" });
    expect(await chooseToken(undefined)).toBeUndefined();
  });

  it("as commands read it from standard input and print all but the token", async () => {
    const env = { ...hubVariables(context.hub, context.home), HF_HUB_OFFLINE: "" };
    const first = await attune(["login"], { env, input: `${SECRET}\n` });
    expect(first).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Logged in as ann, with a token for: write/),
    });
    const who = await attune(["whoami"], { env });
    expect(who.stdout).toMatch(/^ann\norganizations: acme\ntoken: write, from .*token\n$/);
    expect(first.stdout + first.stderr + who.stdout + who.stderr).not.toContain(SECRET.slice(3));
    expect((await attune(["logout"], { env })).stdout).toMatch(/^Removed .*token/);
    expect(await attune(["whoami"], { env })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/not logged in: run `attune login`/),
    });
    expect(await attune(["login"], { env, input: "hf_wrong" })).toMatchObject({ status: 1, stdout: "" });
  });
});
