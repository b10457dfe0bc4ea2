// Files of torch.save and torch.load.
export { openTorchFile, type TorchFile } from "./reader.js";
export {
  PythonFloat,
  PythonTuple,
  type StoredStorage,
  type StoredTensor,
  TorchTensor,
  type TorchValue,
  type TorchWritable,
} from "./values.js";
export { openTorchWeights } from "./weights.js";
export { writeTorchFile } from "./writer.js";
