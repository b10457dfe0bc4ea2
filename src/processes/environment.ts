// Whether this process was started as one of several, and by what.

/** Variables in which launchers say how many processes there are. */
const SIZES = [
  ["OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun"],
  ["PMI_SIZE", "a PMI launcher (srun, MPICH's mpiexec)"],
  ["MV2_COMM_WORLD_SIZE", "MVAPICH's launcher"],
] as const;

export interface Launch {
  /** Processes of the job. */
  readonly size: number;
  /** Variable and launcher, for people. */
  readonly by: string;
}

/** Variables in which launchers say which of the processes this one is. */
const RANKS = ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK"];

/** Whether this process is one of several, and not the first: then another one prints. */
export function isFollower(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const rank = RANKS.map((name) => env[name]).find((value) => value !== undefined);
  return findLaunch(env) !== undefined && Number(rank) > 0;
}

/**
 * What started this process together with others; undefined where it is alone, or ATTUNE_PROCESSES=off says that it is to
 * be.
 */
export function findLaunch(env: Readonly<Record<string, string | undefined>> = process.env): Launch | undefined {
  if (env.ATTUNE_PROCESSES === "off") return undefined;
  for (const [name, launcher] of SIZES) {
    const size = Number(env[name]);
    if (size > 1) return { size, by: `${launcher} (${name}=${size})` };
  }
  // Slurm with PMIx says how many tasks a step has, also where they are no MPI program: PMIX_RANK tells.
  const size = Number(env.SLURM_STEP_NUM_TASKS ?? env.SLURM_NTASKS);
  if (env.PMIX_RANK !== undefined && size > 1) return { size, by: `Slurm's srun (SLURM_NTASKS=${size})` };
  return undefined;
}
