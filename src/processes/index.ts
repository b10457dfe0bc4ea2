// The processes of a job.
import { findLaunch } from "./environment.js";
import { type ProcessGroup, SingleProcess } from "./group.js";
import { MpiGroup } from "./mpi/group.js";

export { findLaunch, isFollower, type Launch } from "./environment.js";
export {
  exchangeValues,
  exchangeValuesNow,
  type GroupStatistics,
  type Pending,
  type ProcessGroup,
  SingleProcess,
} from "./group.js";
export { findMpirun, type JobOptions, mpirunArguments, threadsOfEach } from "./launch/mpirun.js";
export { findFailure, type Line, TaggedOutput } from "./launch/output.js";
export { programOf } from "./launch/program.js";
export { type Job, runJob } from "./launch/run.js";
export { buildMpiAddon, findMpiCompiler } from "./mpi/build.js";
export { MpiGroup, ProcessError } from "./mpi/group.js";

/**
 * The processes that this one was started with; itself alone where it was started alone.
 * @throws ConfigError, ProcessError as MpiGroup
 */
export function joinProcesses(): ProcessGroup {
  return findLaunch() ? new MpiGroup() : new SingleProcess();
}
