// Tokens that stand for single bytes, <0x00> to <0xFF>: what a vocabulary spells with that it has no token for.

/** The ids of the tokens of all 256 bytes; undefined for those that the vocabulary lacks. */
export function byteTokens(vocabulary: ReadonlyMap<string, number>): (number | undefined)[] {
  return Array.from({ length: 256 }, (_, byte) => vocabulary.get(nameOfByte(byte)));
}

export function nameOfByte(byte: number): string {
  return `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
}
