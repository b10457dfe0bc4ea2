// Functions of one number that JavaScript lacks: the error function, and rounding to 16-bit floats.

/** Coefficients, lowest power first, of the approximations of erf and erfc; see `erf`. */
const PP = [
  1.2837916709551256e-1, -3.250421072470015e-1, -2.848174957559851e-2, -5.770270296489442e-3, -2.3763016656650163e-5,
];
const QQ = [
  1, 3.9791722395915535e-1, 6.50222499887673e-2, 5.081306281875766e-3, 1.3249473800432164e-4, -3.960228278775368e-6,
];
const PA = [
  -2.3621185607526594e-3, 4.1485611868374833e-1, -3.722078760357013e-1, 3.1834661990116175e-1, -1.1089469428239668e-1,
  3.5478304325618236e-2, -2.166375594868791e-3,
];
const QA = [
  1, 1.0642088040084423e-1, 0.540397917702171, 7.182865441419627e-2, 1.2617121980876164e-1, 1.363708391202905e-2,
  1.1984499846799107e-2,
];
const RA = [
  -9.864944034847148e-3, -6.938585727071818e-1, -10.558626225323291, -62.375332450326006, -162.39666946257347,
  -184.60509290671104, -81.2874355063066, -9.814329344169145,
];
const SA = [
  1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
  108.63500554177944, 6.570249770319282, -6.04244152148581e-2,
];
const RB = [
  -9.8649429247001e-3, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
  -1025.0951316110772, -483.5191916086514,
];
const SB = [
  1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
  474.52854120695537, -22.44095244658582,
];
const ERX = 8.450629115104675e-1;

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = coefficients[coefficients.length - 1];
  for (let i = coefficients.length - 2; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

const bits = new DataView(new ArrayBuffer(8));

/** erfc(x) for x >= 1.25: exp(-x^2 - 0.5625 + R(1/x^2) / S(1/x^2)) / x, where -x^2 is taken in two parts to keep its bits. */
function erfcTail(x: number): number {
  if (x > 28) return 0;
  const s = 1 / (x * x);
  const ratio = x < 1 / 0.35 ? polynomial(RA, s) / polynomial(SA, s) : polynomial(RB, s) / polynomial(SB, s);
  bits.setFloat64(0, x);
  bits.setUint32(4, 0);
  const high = bits.getFloat64(0); // half of the bits: its square is exact
  return (Math.exp(-high * high - 0.5625) * Math.exp((high - x) * (high + x) + ratio)) / x;
}

/**
 * The error function 2/sqrt(pi) * integral of exp(-t^2) from 0 to x, to within an ulp. The approximations are those of
 * fdlibm's s_erf.c (Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunPro, a Sun
 * Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely granted, provided
 * that this notice is preserved).
 */
export function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x < 0.84375) {
    const z = x * x;
    return x + x * (polynomial(PP, z) / polynomial(QQ, z));
  }
  if (x < 1.25) return ERX + polynomial(PA, x - 1) / polynomial(QA, x - 1);
  return 1 - erfcTail(x);
}

/** 1 - erf(x), without the cancellation that this difference has for large x. */
export function erfc(x: number): number {
  if (x < 0.84375) {
    if (x < 0.25) return 1 - erf(x);
    const z = x * x;
    return 0.5 - (x - 0.5 + x * (polynomial(PP, z) / polynomial(QQ, z)));
  }
  if (x < 1.25) return 1 - ERX - polynomial(PA, x - 1) / polynomial(QA, x - 1);
  return erfcTail(x);
}

/** Phi: the probability that a standard normal variable is below x. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2);
}

/** phi: the density of the standard normal distribution. */
export function normalPdf(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** 1 / (1 + exp(-x)). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** To the nearest bfloat16 (8 significant bits, exponents of float32), ties to even. */
export function roundToBfloat16(x: number): number {
  return roundToBinary(x, 8, -126, 3.3895313892515355e38);
}

/** To the nearest IEEE 754 binary16 (11 significant bits), ties to even; from 65520 on, infinity. */
export function roundToFloat16(x: number): number {
  return roundToBinary(x, 11, -14, 65504);
}

function roundToBinary(x: number, significantBits: number, minExponent: number, largest: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  bits.setFloat64(0, x);
  const exponent = Math.max(((bits.getUint32(0) >>> 20) & 0x7ff) - 1023, minExponent);
  const unit = 2 ** (exponent - significantBits + 1);
  // A double of this size has no room for a fraction, so the addition rounds to an integer, ties to even.
  const noFraction = 1.5 * 2 ** 52;
  const rounded = (x / unit + noFraction - noFraction) * unit;
  if (Math.abs(rounded) > largest) return x > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  return rounded === 0 && x < 0 ? -0 : rounded;
}
