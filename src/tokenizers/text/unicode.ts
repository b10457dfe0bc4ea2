// The character classes of the tokenizer.json pipeline, frozen at the Unicode versions behind Python's tokenizers, so that
// ids depend neither on the version of Unicode in this Node nor on the next one: BERT's categories are Unicode 8.0's
// (UnicodeData.txt; Rust crate unicode_categories 0.1.1), normal forms are Unicode 9.0's, regular expressions know Unicode
// 16.0. A test compares every code point with the Rust package. Ranges are hexadecimal code points.

/** General category Mn, nonspacing marks: what stripping accents removes. */
const NONSPACING_MARKS = `
  300-36f 483-487 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed 711 730-74a
  7a6-7b0 7eb-7f3 816-819 81b-823 825-827 829-82d 859-85b 8e3-902 93a 93c 941-948 94d 951-957 962-963 981 9bc
  9c1-9c4 9cd 9e2-9e3 a01-a02 a3c a41-a42 a47-a48 a4b-a4d a51 a70-a71 a75 a81-a82 abc ac1-ac5 ac7-ac8 acd ae2-ae3
  b01 b3c b3f b41-b44 b4d b56 b62-b63 b82 bc0 bcd c00 c3e-c40 c46-c48 c4a-c4d c55-c56 c62-c63 c81 cbc cbf cc6
  ccc-ccd ce2-ce3 d01 d41-d44 d4d d62-d63 dca dd2-dd4 dd6 e31 e34-e3a e47-e4e eb1 eb4-eb9 ebb-ebc ec8-ecd f18-f19
  f35 f37 f39 f71-f7e f80-f84 f86-f87 f8d-f97 f99-fbc fc6 102d-1030 1032-1037 1039-103a 103d-103e 1058-1059
  105e-1060 1071-1074 1082 1085-1086 108d 109d 135d-135f 1712-1714 1732-1734 1752-1753 1772-1773 17b4-17b5
  17b7-17bd 17c6 17c9-17d3 17dd 180b-180d 18a9 1920-1922 1927-1928 1932 1939-193b 1a17-1a18 1a1b 1a56 1a58-1a5e
  1a60 1a62 1a65-1a6c 1a73-1a7c 1a7f 1ab0-1abd 1b00-1b03 1b34 1b36-1b3a 1b3c 1b42 1b6b-1b73 1b80-1b81 1ba2-1ba5
  1ba8-1ba9 1bab-1bad 1be6 1be8-1be9 1bed 1bef-1bf1 1c2c-1c33 1c36-1c37 1cd0-1cd2 1cd4-1ce0 1ce2-1ce8 1ced 1cf4
  1cf8-1cf9 1dc0-1df5 1dfc-1dff 20d0-20dc 20e1 20e5-20f0 2cef-2cf1 2d7f 2de0-2dff 302a-302d 3099-309a a66f
  a674-a67d a69e-a69f a6f0-a6f1 a802 a806 a80b a825-a826 a8c4 a8e0-a8f1 a926-a92d a947-a951 a980-a982 a9b3
  a9b6-a9b9 a9bc a9e5 aa29-aa2e aa31-aa32 aa35-aa36 aa43 aa4c aa7c aab0 aab2-aab4 aab7-aab8 aabe-aabf aac1
  aaec-aaed aaf6 abe5 abe8 abed fb1e fe00-fe0f fe20-fe2f 101fd 102e0 10376-1037a 10a01-10a03 10a05-10a06
  10a0c-10a0f 10a38-10a3a 10a3f 10ae5-10ae6 11001 11038-11046 1107f-11081 110b3-110b6 110b9-110ba 11100-11102
  11127-1112b 1112d-11134 11173 11180-11181 111b6-111be 111ca-111cc 1122f-11231 11234 11236-11237 112df
  112e3-112ea 11300-11301 1133c 11340 11366-1136c 11370-11374 114b3-114b8 114ba 114bf-114c0 114c2-114c3
  115b2-115b5 115bc-115bd 115bf-115c0 115dc-115dd 11633-1163a 1163d 1163f-11640 116ab 116ad 116b0-116b5 116b7
  1171d-1171f 11722-11725 11727-1172b 16af0-16af4 16b30-16b36 16f8f-16f92 1bc9d-1bc9e 1d167-1d169 1d17b-1d182
  1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1da00-1da36 1da3b-1da6c 1da75 1da84 1da9b-1da9f 1daa1-1daaf 1e8d0-1e8d6
  e0100-e01ef
`;

/** General categories Pc, Pd, Ps, Pe, Pi, Pf, Po. */
const PUNCTUATION = `
  21-23 25-2a 2c-2f 3a-3b 3f-40 5b-5d 5f 7b 7d a1 a7 ab b6-b7 bb bf 37e 387 55a-55f 589-58a 5be 5c0 5c3 5c6
  5f3-5f4 609-60a 60c-60d 61b 61e-61f 66a-66d 6d4 700-70d 7f7-7f9 830-83e 85e 964-965 970 af0 df4 e4f e5a-e5b
  f04-f12 f14 f3a-f3d f85 fd0-fd4 fd9-fda 104a-104f 10fb 1360-1368 1400 166d-166e 169b-169c 16eb-16ed 1735-1736
  17d4-17d6 17d8-17da 1800-180a 1944-1945 1a1e-1a1f 1aa0-1aa6 1aa8-1aad 1b5a-1b60 1bfc-1bff 1c3b-1c3f 1c7e-1c7f
  1cc0-1cc7 1cd3 2010-2027 2030-2043 2045-2051 2053-205e 207d-207e 208d-208e 2308-230b 2329-232a 2768-2775
  27c5-27c6 27e6-27ef 2983-2998 29d8-29db 29fc-29fd 2cf9-2cfc 2cfe-2cff 2d70 2e00-2e2e 2e30-2e42 3001-3003
  3008-3011 3014-301f 3030 303d 30a0 30fb a4fe-a4ff a60d-a60f a673 a67e a6f2-a6f7 a874-a877 a8ce-a8cf a8f8-a8fa
  a8fc a92e-a92f a95f a9c1-a9cd a9de-a9df aa5c-aa5f aade-aadf aaf0-aaf1 abeb fd3e-fd3f fe10-fe19 fe30-fe52
  fe54-fe61 fe63 fe68 fe6a-fe6b ff01-ff03 ff05-ff0a ff0c-ff0f ff1a-ff1b ff1f-ff20 ff3b-ff3d ff3f ff5b ff5d
  ff5f-ff65 10100-10102 1039f 103d0 1056f 10857 1091f 1093f 10a50-10a58 10a7f 10af0-10af6 10b39-10b3f 10b99-10b9c
  11047-1104d 110bb-110bc 110be-110c1 11140-11143 11174-11175 111c5-111c9 111cd 111db 111dd-111df 11238-1123d
  112a9 114c6 115c1-115d7 11641-11643 1173c-1173e 12470-12474 16a6e-16a6f 16af5 16b37-16b3b 16b44 1bc9f
  1da87-1da8b
`;

/** General categories Cc (control), Cf (format) and Co (private use). */
const OTHER = `
  0-1f 7f-9f ad 600-605 61c 6dd 70f 180e 200b-200f 202a-202e 2060-2064 2066-206f feff fff9-fffb 110bd 1bca0-1bca3
  1d173-1d17a e0001 e0020-e007f e000-f8ff f0000-ffffd 100000-10fffd
`;

/** The property White_Space, which has not changed since Unicode 6.3. */
const WHITE_SPACE = "9-d 20 85 a0 1680 2000-200a 2028-2029 202f 205f 3000";

/** ASCII punctuation and symbols, all of which BERT takes for punctuation. */
const ASCII_PUNCTUATION = "21-2f 3a-40 5b-60 7b-7e";

/** The blocks of Chinese characters that BERT sets apart, with the bounds that tokenizers has for them. */
const CHINESE = "4e00-9fff 3400-4dbf 20000-2a6df 2a700-2b73f 2b740-2b81f 2b920-2ceaf f900-faff 2f800-2fa1f";

/** A lone surrogate: no character; Rust receives U+FFFD in its place. */
const LONE_SURROGATES = "d800-dfff";

/** Unicode 9.0's characters of a combining class other than 0: those that canonical ordering moves. */
const COMBINING = `
  300-34e 350-36f 483-487 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed 711
  730-74a 7eb-7f3 816-819 81b-823 825-827 829-82d 859-85b 8d4-8e1 8e3-8ff 93c 94d 951-954 9bc 9cd a3c a4d abc acd
  b3c b4d bcd c4d c55-c56 cbc ccd d4d dca e38-e3a e48-e4b eb8-eb9 ec8-ecb f18-f19 f35 f37 f39 f71-f72 f74 f7a-f7d
  f80 f82-f84 f86-f87 fc6 1037 1039-103a 108d 135d-135f 1714 1734 17d2 17dd 18a9 1939-193b 1a17-1a18 1a60
  1a75-1a7c 1a7f 1ab0-1abd 1b34 1b44 1b6b-1b73 1baa-1bab 1be6 1bf2-1bf3 1c37 1cd0-1cd2 1cd4-1ce0 1ce2-1ce8 1ced
  1cf4 1cf8-1cf9 1dc0-1df5 1dfb-1dff 20d0-20dc 20e1 20e5-20f0 2cef-2cf1 2d7f 2de0-2dff 302a-302f 3099-309a a66f
  a674-a67d a69e-a69f a6f0-a6f1 a806 a8c4 a8e0-a8f1 a92b-a92d a953 a9b3 a9c0 aab0 aab2-aab4 aab7-aab8 aabe-aabf
  aac1 aaf6 abed fb1e fe20-fe2f 101fd 102e0 10376-1037a 10a0d 10a0f 10a38-10a3a 10a3f 10ae5-10ae6 11046 1107f
  110b9-110ba 11100-11102 11133-11134 11173 111c0 111ca 11235-11236 112e9-112ea 1133c 1134d 11366-1136c
  11370-11374 11442 11446 114c2-114c3 115bf-115c0 1163f 116b6-116b7 1172b 11c3f 16af0-16af4 16b30-16b36 1bc9e
  1d165-1d169 1d16d-1d172 1d17b-1d182 1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1e000-1e006 1e008-1e018 1e01b-1e021
  1e023-1e024 1e026-1e02a 1e8d0-1e8d6 1e944-1e94a
`;

/** Code points that gained a canonical decomposition after Unicode 9.0. */
const DECOMPOSED_SINCE = "105c9 105e4 11383 11385 1138e 11391 113c5 113c7-113c8 11938 16121-16128 16d68-16d6a";

/** Those that gained a compatibility decomposition. */
const COMPATIBLE_SINCE =
  "32ff a7f1-a7f4 ab69 10781-10785 10787-107b0 107b2-107ba 1ccd6-1ccf9 1e030-1e06d 1f16c 1fbf0-1fbf9";

/** Code points that are marks today (general category M) and were none in Unicode 9.0; two were and are none today. */
const MARKS_SINCE = `
  7fd 897-89f 8ca-8d3 9fe afa-aff b55 c04 c3c cf3 d00 d3b-d3c d81 eba ece 1715 180f 1abf-1add 1ae0-1aeb 1cf7 1df6-1dfa
  a82c a8ff 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2
  11145-11146 111c9 111ce-111cf 11241 1133b 113b8-113c0 113c2 113c5 113c7-113ca 113cc-113d0 113d2 113e1-113e2 1145e
  1182c-1183a 11930-11935 11937-11938 1193b-1193e 11940 11942-11943 119d1-119d7 119da-119e0 119e4 11a01-11a0a
  11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11b60-11b67 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47
  11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 11f5a 13440 13447-13455
  1611e-1612f 16f4f 16f7f-16f87 16fe4 16ff0-16ff1 1cf00-1cf2d 1cf30-1cf46 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef
  1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5
`;
const MARKS_ONCE = "1cf2-1cf3";

/** Code points that Unicode 17.0 knows and 16.0 does not. */
const ASSIGNED_SINCE_16 = `
  88f c5c cdc 1acf-1add 1ae0-1aeb 20c1 2b96 a7ce-a7cf a7d2 a7d4 a7f1 fbc3-fbd2 fd90-fd91 fdc8-fdce 10940-10959
  10ec5-10ec7 10ed0-10ed8 10efa-10efb 11b60-11b67 11db0-11ddb 11de0-11de9 16ea0-16eb8 16ebb-16ed3 16ff2-16ff6
  187f8-187ff 18d09-18d1e 18d80-18df2 1ccfa-1ccfc 1ceba-1ced0 1cee0-1cef0 1e6c0-1e6de 1e6e0-1e6f5 1e6fe-1e6ff 1f6d8
  1f777-1f77a 1f8d0-1f8d8 1fa54-1fa57 1fa8a 1fa8e 1fac8 1facd 1faea 1faef 1fbfa 2b73a-2b73f 2cea2-2cead 323b0-33479
`;

/** The inside of a regular expression's class (flag u or v): the ranges of all the given tables. */
function characters(...tables: string[]): string {
  const escaped = (codePoint: string): string => `\\u{${codePoint}}`;
  const ranges = tables.flatMap((table) => table.trim().split(/\s+/));
  return ranges.map((range) => range.split("-").map(escaped).join("-")).join("");
}

/** A class (flag v) of what has the property `name` (`L`, `Script=Han`) in Unicode 16.0. */
export function property(name: string): string {
  return `[\\p{${name}}--[${characters(ASSIGNED_SINCE_16)}]]`;
}

/** A class (flag v) of the word characters of Rust's regex crate, which finds added tokens and words between spaces. */
export const RUST_WORD = `[[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]--[${characters(ASSIGNED_SINCE_16)}]]`;

// Each matches one code point; flag g is for replacing and for finding all.
export const nonspacingMark = new RegExp(`[${characters(NONSPACING_MARKS)}]`, "gu");
export const whiteSpace = new RegExp(`[${characters(WHITE_SPACE)}]`, "gu");
export const chineseCharacter = new RegExp(`[${characters(CHINESE)}]`, "gu");
export const mark = new RegExp(`[[\\p{M}${characters(MARKS_ONCE)}]--[${characters(MARKS_SINCE)}]]`, "gv");

/** What BERT's cleaning removes: NUL, the replacement character, and the category "other" but for tab and line ends. */
export const ignoredByBert = new RegExp(`(?![\\t\\n\\r])[${characters(OTHER, LONE_SURROGATES, "fffd")}]`, "gu");

/** A punctuation character, as BERT and the stage Punctuation see it. */
export const punctuation = new RegExp(`[${characters(PUNCTUATION, ASCII_PUNCTUATION)}]`, "gu");

/** A piece of text between white space: one punctuation character, or a run of anything else. */
export const bertPiece = new RegExp(
  `[${characters(PUNCTUATION, ASCII_PUNCTUATION)}]|[^${characters(PUNCTUATION, ASCII_PUNCTUATION, WHITE_SPACE)}]+`,
  "gu",
);

/** What the cleaning of neural machine translation removes, and what it takes for a space. */
export const nmtControl = new RegExp(`[${characters("1-8 b e-1f 7f 8f 9f")}]`, "gu");
export const nmtSpace = new RegExp(`[${characters("9 a c d 1680 200b-200f 2028 2029 2581 feff fffd")}]`, "gu");

/** A text without lone surrogates: as in Rust, U+FFFD stands in their place. */
export function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** True for a unit that is white space (the property White_Space; all of it lies in the first plane). */
export function isWhiteSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  return WHITE_SPACE_UNITS.has(unit);
}

const WHITE_SPACE_UNITS: ReadonlySet<number> = new Set([
  ...[0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000],
  ...Array.from({ length: 11 }, (_, i) => 0x2000 + i),
]);

/** Lower case of a character: a final sigma becomes \u03c3 as any other, unlike in String.toLowerCase. */
export function lowercase(text: string): string {
  return text.replaceAll("\u03a3", "\u03c3").toLowerCase();
}

/** What is newer than Unicode 9.0, so that its normal forms leave it as it stands, while this Node's change or move it. */
export const fixedCanonical = new RegExp(`([${characters(MARKS_SINCE, DECOMPOSED_SINCE)}])`, "u");
export const fixedCompatible = new RegExp(`([${characters(MARKS_SINCE, DECOMPOSED_SINCE, COMPATIBLE_SINCE)}])`, "u");

/** Code points that only a later Unicode composes of others. */
export const composedSince = new RegExp(`[${characters(DECOMPOSED_SINCE)}]`, "gu");

/** A character that canonical ordering moves. */
export const combining = new RegExp(`^[${characters(COMBINING)}]$`, "u");

/** What goes on with a character that stands before it, in the clusters that readers take for one (UAX 29, Extend). */
const EXTENDING = `[[\\p{M}\\u{e33}\\u{eb3}\\u{200c}\\u{200d}\\u{ff9e}\\u{ff9f}\\u{1f3fb}-\\u{1f3ff}\\u{e0020}-\\u{e007f}]--[${characters(
  ASSIGNED_SINCE_16,
  "102b-102c 1038 1062-1064 1067-106d 1083 1087-108c 108f 109a-109c 1a61 1a63-1a64 aa7b aa7d",
)}]]`;
const PREPENDS = characters(
  "600-605 6dd 70f 890-891 8e2 d4e 110bd 110cd 111c2-111c3 1193f 11941 11a3a 11a84-11a89 11d46 11f02",
);
const PREPENDED = `[${PREPENDS}]`;
/** What stands alone, whatever follows it (UAX 29, Control). */
const CONTROL = `[[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Cf}${characters("2065 fff0-fff8 e0000-e0fff")}]--[${PREPENDS}${characters("200c-200d e0020-e007f e0100-e01ef")}]]`;

/**
 * Grapheme clusters (UAX 29), as far as they are told apart by bases and what extends them: longer ones, of emoji or Hangul,
 * come in parts.
 */
export const graphemeCluster = new RegExp(`\\r\\n|${PREPENDED}*[^${CONTROL}]${EXTENDING}*|[\\s\\S]`, "gv");
