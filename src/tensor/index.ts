// Tensors with gradients.
export type { Backend, DType, Fence, HostArray } from "../backends/kernels.js";
export { activate } from "./activate.js";
export { checkpoint } from "./checkpoint.js";
export { empty, full, mostlyZeros, ones, type TensorData, type TensorInit, tensor, zeros } from "./create.js";
export { currentBackend, setBackend } from "./device.js";
export { fence } from "./fence.js";
export { type Gradient, GradientSlot, RowsGradient } from "./gradient.js";
export { type BackwardOptions, backward, gradEnabled, noGrad } from "./graph.js";
export * from "./ops/index.js";
export { autocast, type ProductPrecision, productPrecision } from "./precision.js";
export { manualSeed, type RandomState, randomState, setRandomState } from "./random.js";
export { keep, outsideScopes, tidy } from "./scope.js";
export { formatShape, type Shape, sameShape, sizeOf } from "./shape.js";
export { type NestedNumbers, Tensor } from "./tensor.js";
