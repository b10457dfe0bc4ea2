// Numbers, times and names as people read them.
import type { Axis } from "../protocol.js";

/** Four significant digits, with an exponent where zeros would lead; a dash for what is no number. */
export function showNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const rounded = Number(value.toPrecision(4));
  if (rounded === 0) return "0";
  const size = Math.abs(rounded);
  const text =
    size < 1e-3
      ? rounded.toExponential()
      : size >= 1e6
        ? Number(value.toPrecision(3)).toExponential()
        : rounded.toLocaleString("en", { maximumSignificantDigits: 4 });
  return text.replace("-", "−").replace("e+", "e");
}

export function showBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${Number(value.toPrecision(4))} ${units[unit]}`;
}

/** 75 -> 1 min 15 s */
export function showSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

export function showTime(milliseconds: number): string {
  return new Date(milliseconds).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/** A value of a figure, by what the figure is. */
export function showFigure(key: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (key === "memory") return showBytes(value);
  if (key === "padding_share") return `${Number((100 * value).toFixed(2))} %`;
  if (key.endsWith("_runtime")) return showSeconds(value);
  return showNumber(value);
}

/** Any value of a manifest or of arguments. */
export function showValue(value: unknown): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "number") return Number.isSafeInteger(value) ? value.toLocaleString("en") : showNumber(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

const TITLES: Readonly<Record<string, string>> = {
  loss: "Training loss",
  eval_loss: "Evaluation loss",
  learning_rate: "Learning rate",
  grad_norm: "Gradient norm",
  tokens_per_second: "Tokens per second",
  padding_share: "Share of padding",
  memory: "Memory",
};

/** What a figure is called: eval_matthews_correlation -> Evaluation: matthews correlation. */
export function titleOf(key: string): string {
  const known = TITLES[key];
  if (known !== undefined) return known;
  const [, kind, rest] = /^(eval|test|train)_(.+)$/.exec(key) ?? [];
  const words = (rest ?? key).replaceAll("_", " ");
  const kinds: Readonly<Record<string, string>> = { eval: "Evaluation", test: "Test", train: "Training" };
  return kind === undefined ? words : `${kinds[kind]}: ${words}`;
}

export const AXIS_NAMES: Readonly<Record<Axis, string>> = { step: "Step", time: "Time of training", tokens: "Tokens" };

/** A place on the axis. */
export function showPlace(axis: Axis, value: number): string {
  if (axis === "time") return showSeconds(value);
  return axis === "step"
    ? `step ${Math.round(value).toLocaleString("en")}`
    : `${Math.round(value).toLocaleString("en")} tokens`;
}

/** A place on the axis, short, for ticks. */
export function showTick(axis: Axis, value: number): string {
  if (axis === "time") {
    if (value >= 7200) return `${Number((value / 3600).toPrecision(4))} h`;
    return value >= 120 ? `${Number((value / 60).toPrecision(4))} min` : `${Number(value.toPrecision(4))} s`;
  }
  const size = Math.abs(value);
  if (size >= 1e9) return `${Number((value / 1e9).toPrecision(4))}G`;
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(4))}M`;
  return size >= 1e4 ? `${Number((value / 1e3).toPrecision(4))}k` : String(Number(value.toPrecision(6)));
}
