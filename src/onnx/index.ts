// Out to ONNX: a trained checkpoint as a file that onnxruntime and transformers.js run.
export { type WriteOptions, writeOnnx } from "./file/write.js";
export { onnxGraph } from "./model-graph.js";
