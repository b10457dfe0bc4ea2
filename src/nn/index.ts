// Building blocks of models.

export { activate } from "../tensor/index.js";
export { type PackedAttentionOptions, packedAttention } from "./attention.js";
export { type AttentionProjections, feedForwardOf, selfAttention } from "./blocks.js";
export { CheckpointedModule } from "./checkpointed.js";
export { expectFinite } from "./finite.js";
export { initializeNormal, withoutInitialization } from "./initialize.js";
export { Dropout, Embedding, LayerNorm } from "./layers.js";
export { Linear, LinearAdapter, type LinearOptions, linearTogether, stack } from "./linear.js";
export { Module, Parameter } from "./module.js";
export { matchingNames, type NamePattern } from "./names.js";
export { longestSequence, type Packing, type PackOptions, pack, packIntegers, unpack } from "./packing.js";
export { meanOfTokens } from "./pooling.js";
export { RotaryAngles } from "./rotary.js";
