// What post-processors say a final sequence is made of.

/** A part of the final sequence: a special token, or all tokens of the first (0) or second (1) text. */
export type Piece =
  | { readonly kind: "special"; readonly id: number; readonly typeId: number }
  | { readonly kind: "sequence"; readonly sequence: 0 | 1; readonly typeId: number };

/** Offsets leave out spaces at the ends of tokens, but for one at the beginning of a text that encoding has put there. */
export interface OffsetTrim {
  /** Whether encoding puts a space before a text. */
  readonly addPrefixSpace: boolean;
}

/** What a tokenizer without post-processor makes: both texts one after the other, of types 0 and 1. */
export function plainPieces(pair: boolean): readonly Piece[] {
  const first: Piece = { kind: "sequence", sequence: 0, typeId: 0 };
  return pair ? [first, { kind: "sequence", sequence: 1, typeId: 1 }] : [first];
}
