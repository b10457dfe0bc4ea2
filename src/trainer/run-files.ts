// Names of files in a run's folder that those who look at runs need, too; no engine is behind this.

/** With what the run was made. */
export const manifestFile = "attune_run.json";

/** What happens to it, line by line. */
export const runLogFile = "attune_log.jsonl";

/** A folder with what evaluations showed, a file for each. */
export const evaluationsFolder = "evaluations";
