// Out to ONNX: a trained checkpoint as files that onnxruntime and transformers.js run.
export { type ExportedFile, exportOnnx, type OnnxExport, type OnnxExportOptions } from "./export.js";
export type { Attribute, Initializer, OnnxGraph, OnnxNode, OnnxType, ValueInfo } from "./file/model.js";
export { type WriteOptions, writeOnnx } from "./file/write.js";
export { onnxGraph } from "./model-graph.js";
export { quantizeDynamic } from "./quantize.js";
export { type OnnxTask, onnxTasks } from "./task-names.js";
