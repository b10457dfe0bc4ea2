// Downloads a repository of the Hub that the environment names, in a process of its own, and prints where it is.
import { snapshotDownload } from "../../../src/hub/index.js";

console.log(await snapshotDownload(process.argv[2], { retryWait: 0.01 }));
