// What the terminal can show: colours, and characters beyond ASCII.
const COLORS = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, gray: 90 } as const;
export type Color = keyof typeof COLORS;

/** Colours for things that are told apart, the first for the first. */
export const PALETTE: readonly Color[] = ["cyan", "yellow", "magenta", "green", "blue", "red"];

export interface Ink {
  /** Escape sequences may colour. */
  readonly colors: boolean;
  /** Blocks and Braille may be drawn. */
  readonly unicode: boolean;
}

/** What standard output takes: `NO_COLOR`, `FORCE_COLOR`, TERM and the locale decide. */
export function inkOf(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Ink {
  const asked = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  const refused = env.NO_COLOR !== undefined && env.NO_COLOR !== "";
  const colors = asked || (stream.isTTY === true && !refused && env.TERM !== "dumb");
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || "";
  const unicode = locale === "" || /utf-?8/i.test(locale);
  return { colors, unicode: unicode && env.TERM !== "dumb" };
}

/** A text in a colour. */
export function paint({ colors }: Ink, color: Color | undefined, text: string): string {
  return colors && color !== undefined && text !== "" ? `\x1b[${COLORS[color]}m${text}\x1b[39m` : text;
}

/** A text of a stranger's as a terminal may be given it: what would move the cursor or colour is shown as a mark. */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
