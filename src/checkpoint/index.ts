// Weights on disk.
export { openCheckpoint } from "./checkpoint.js";
export type { SafetensorsDtype } from "./dtypes.js";
export { ADAPTED_CONFIG, CONFIG, checkpointFolder } from "./folder.js";
export { openSafetensors, type SafetensorsFile, type TensorInfo, type TensorSource } from "./safetensors.js";
export { type TensorToWrite, writeSafetensors } from "./safetensors-writer.js";
export {
  openTorchFile,
  PythonFloat,
  PythonTuple,
  type StoredTensor,
  type TorchFile,
  TorchTensor,
  type TorchValue,
  type TorchWritable,
  writeTorchFile,
} from "./torch/index.js";
