import { afterEach, expect, it, vi } from "vitest";
import { debug, info, infoOnce, isLogged, warn, warnOnce } from "../../src/support/log.js";
import { fingerprint, isFingerprinted, serialize } from "../../src/support/symbols.js";

let printed = "";
const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
  printed += text;
  return true;
});
const level = process.env.ATTUNE_LOG;

afterEach(() => {
  printed = "";
  if (level === undefined) delete process.env.ATTUNE_LOG;
  else process.env.ATTUNE_LOG = level;
});

function sayAll(): void {
  debug("d");
  info("i");
  warn("w");
}

it("prints what ATTUNE_LOG asks for, info and above by default", () => {
  const said: Record<string, string> = {};
  for (const choice of ["silent", "warn", "info", "debug", ""]) {
    process.env.ATTUNE_LOG = choice;
    sayAll();
    said[choice] = printed;
    printed = "";
  }
  expect(said).toEqual({
    silent: "",
    warn: "attune: warning: w\n",
    info: "attune: i\nattune: warning: w\n",
    debug: "attune: debug: d\nattune: i\nattune: warning: w\n",
    "": "attune: i\nattune: warning: w\n",
  });
  process.env.ATTUNE_LOG = "WARN";
  expect([isLogged("debug"), isLogged("info"), isLogged("warn")]).toEqual([false, false, true]);
});

it("says once that ATTUNE_LOG is not a level", () => {
  process.env.ATTUNE_LOG = "loud";
  sayAll();
  expect(printed).toBe(
    "attune: warning: ATTUNE_LOG=loud is not a level; taking info of silent, warn, info, debug\nattune: i\nattune: warning: w\n",
  );
});

it("says a thing once for a key", () => {
  for (let i = 0; i < 3; i++) {
    warnOnce("slow", `slow ${i}`);
    infoOnce("slow", `chosen ${i}`);
    warnOnce("other", "other");
  }
  expect(printed).toBe("attune: warning: slow 0\nattune: chosen 0\nattune: warning: other\n");
  expect(spy).toHaveBeenCalled();
});

it("shares its symbols with every copy of the package", () => {
  expect(fingerprint).toBe(Symbol.for("attune.fingerprint"));
  expect(serialize).toBe(Symbol.for("attune.serialize"));
  expect(isFingerprinted({ [fingerprint]: () => "a" })).toBe(true);
  expect(isFingerprinted(Object.assign(() => 1, { [fingerprint]: () => "a" }))).toBe(true);
  expect([null, undefined, 1, "a", {}, { [fingerprint]: "a" }].map(isFingerprinted)).toEqual(Array(6).fill(false));
});
