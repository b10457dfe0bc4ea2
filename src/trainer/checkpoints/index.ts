// Checkpoints: what a run leaves behind so that it can go on, and going on from one.
export { checkDataSetting, type DataSetting, dataSetting } from "./counters.js";
export { bestCheckpoint, lastCheckpoint, prepareRunFolder, resolveCheckpoint } from "./folders.js";
export { loadModelWeights, restoreCheckpoint } from "./restore.js";
export { type CheckpointParts, writeCheckpoint } from "./write.js";
