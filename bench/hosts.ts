// Two "hosts" on one Linux machine, joined by a cable of limited bandwidth: network namespaces with host names of their own, a
// veth pair between them, a token bucket at both ends (tc-tbf). Needs root and iproute2. Bandwidth alone is limited: a cable of
// this kind has next to no latency.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NETWORK = "10.213.77";
const BURST_BYTES = 128 * 1024;

export interface Hosts {
  /** Names, as `attune launch --hosts` takes them: a process on each. */
  readonly list: string;
  /** For `attune launch --mpi-args`: how mpirun reaches them, and that it uses this cable and no shared memory. */
  readonly mpiArguments: string;
  /** The command line that runs another on the first host. */
  readonly first: (command: readonly string[]) => string[];
  /** The command line that runs another on the second host. */
  readonly second: (command: readonly string[]) => string[];
}

/** Why there can be no such hosts here; undefined where there can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  for (const tool of ["ip", "tc", "unshare"]) {
    if (spawnSync(tool, ["--version"]).error && spawnSync(tool, ["-V"]).error) return `no ${tool}`;
  }
  const name = `attune-${process.pid}`;
  const { status, stderr } = spawnSync("ip", ["netns", "add", name], { encoding: "utf8" });
  if (status !== 0) return stderr.trim();
  spawnSync("ip", ["netns", "del", name]);
  return undefined;
}

function run(...command: readonly string[]): void {
  const [name, ...args] = command;
  const { status, stderr } = spawnSync(name, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
}

/**
 * Runs `work` with two hosts, which are gone afterwards.
 * @param rate As tc takes it ("1gbit"); undefined: whatever the machine can.
 */
export async function withHosts<T>(rate: string | undefined, work: (hosts: Hosts) => Promise<T>): Promise<T> {
  const names = ["a", "b"].map((name) => `attune-${process.pid}-${name}`);
  const folder = mkdtempSync(join(tmpdir(), "attune-hosts-"));
  const agent = join(folder, "agent");
  // What ssh is elsewhere: HOST COMMAND, which a shell there takes apart.
  writeFileSync(
    agent,
    '#!/bin/sh\nhost=$1; shift\nexec ip netns exec "$host" unshare --uts sh -c \'hostname "$0"; exec sh -c "$*"\' "$host" "$@"\n',
  );
  chmodSync(agent, 0o755);
  const on = (name: string) => (command: readonly string[]) => [
    ...["ip", "netns", "exec", name, "unshare", "--uts", "sh", "-c", 'hostname "$0"; exec "$@"', name],
    ...command,
  ];
  try {
    for (const name of names) run("ip", "netns", "add", name);
    const ends = names.map((_, i) => `at${process.pid}${"ab"[i]}`);
    run("ip", "link", "add", ends[0], "type", "veth", "peer", "name", ends[1]);
    for (const [i, name] of names.entries()) {
      run("ip", "link", "set", ends[i], "netns", name);
      run("ip", "-n", name, "addr", "add", `${NETWORK}.${i + 1}/24`, "dev", ends[i]);
      for (const link of [ends[i], "lo"]) run("ip", "-n", name, "link", "set", link, "up");
      if (rate === undefined) continue;
      const bucket = ["rate", rate, "burst", String(BURST_BYTES), "latency", "50ms"];
      run("tc", "-n", name, "qdisc", "add", "dev", ends[i], "root", "tbf", ...bucket);
    }
    const network = `${NETWORK}.0/24`;
    return await work({
      list: names.map((name) => `${name}:1`).join(","),
      mpiArguments: [
        `--mca plm_rsh_agent ${agent} --mca btl tcp,self --mca pml ob1`,
        `--mca btl_tcp_if_include ${network} --mca oob_tcp_if_include ${network}`,
      ].join(" "),
      first: on(names[0]),
      second: on(names[1]),
    });
  } finally {
    for (const name of names) spawnSync("ip", ["netns", "del", name]);
    rmSync(folder, { recursive: true, force: true });
  }
}
