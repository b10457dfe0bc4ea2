// Layer normalization with what stands around it in a transformer: dropout and the residual.
import type { LayerNorm, LayerNormGradient } from "../kernels.js";
import { dropoutFactor } from "./dropout.js";
import { floats } from "./memory.js";

export function layerNorm(call: LayerNorm): void {
  const { rows, width, epsilon } = call;
  const x = floats(call.x, rows * width);
  const residual = call.residual && floats(call.residual, rows * width);
  const gamma = floats(call.gamma, width);
  const beta = call.beta && floats(call.beta, width);
  const out = floats(call.out, rows * width);
  const normalized = call.normalized && floats(call.normalized, rows * width);
  const rstds = call.rstd && floats(call.rstd, rows);
  const z = new Float64Array(width);
  for (let r = 0; r < rows; r++) {
    const start = r * width;
    let sum = 0;
    for (let j = 0; j < width; j++) {
      z[j] = x[start + j];
      if (call.dropout) z[j] *= dropoutFactor(call.dropout, start + j);
      if (residual) z[j] += residual[start + j];
      sum += z[j];
    }
    const mean = sum / width;
    let squares = 0;
    for (let j = 0; j < width; j++) squares += (z[j] - mean) ** 2;
    const rstd = 1 / Math.sqrt(squares / width + epsilon);
    if (rstds) rstds[r] = rstd;
    for (let j = 0; j < width; j++) {
      const unit = (z[j] - mean) * rstd;
      if (normalized) normalized[start + j] = unit;
      out[start + j] = unit * gamma[j] + (beta ? beta[j] : 0);
    }
  }
}

export function layerNormGradient(call: LayerNormGradient): void {
  const { rows, width } = call;
  const dOut = floats(call.dOut, rows * width);
  const normalized = floats(call.normalized, rows * width);
  const rstd = floats(call.rstd, rows);
  const gamma = floats(call.gamma, width);
  const dSum = floats(call.dSum, rows * width);
  const dX = call.dX && floats(call.dX, rows * width);
  const gammaSums = new Float64Array(width);
  const betaSums = new Float64Array(width);
  for (let r = 0; r < rows; r++) {
    const start = r * width;
    let sum = 0;
    let sumTimesUnit = 0;
    for (let j = 0; j < width; j++) {
      const dy = dOut[start + j];
      const unit = normalized[start + j];
      sum += dy * gamma[j];
      sumTimesUnit += dy * gamma[j] * unit;
      gammaSums[j] += dy * unit;
      betaSums[j] += dy;
    }
    for (let j = 0; j < width; j++) {
      // dSum may be dOut: element j is read here, and not again.
      const dz = rstd[r] * (dOut[start + j] * gamma[j] - sum / width - (normalized[start + j] * sumTimesUnit) / width);
      dSum[start + j] = dz;
      if (dX) dX[start + j] = call.dropout ? dz * dropoutFactor(call.dropout, start + j) : dz;
    }
  }
  if (call.dGamma) floats(call.dGamma, width).set(gammaSums);
  if (call.dBeta) floats(call.dBeta, width).set(betaSums);
}
