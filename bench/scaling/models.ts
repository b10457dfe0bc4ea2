// The models whose scaling is simulated, as lists of parameters in the order in which backward completes their gradients.

export interface Parameter {
  readonly elements: number;
  /** Multiplications a token in forward: the weights of its matrix product. */
  readonly work: number;
}

export interface ModelShape {
  readonly name: string;
  readonly layers: number;
  readonly hidden: number;
  readonly intermediate: number;
}

/** BERT's vocabulary and positions, which these three share. */
const VOCABULARY = 30522;
const POSITIONS = 512;

export const models: readonly ModelShape[] = [
  { name: "MiniLM", layers: 6, hidden: 384, intermediate: 1536 },
  { name: "bert-base", layers: 12, hidden: 768, intermediate: 3072 },
  { name: "bert-large", layers: 24, hidden: 1024, intermediate: 4096 },
];

export interface Model {
  readonly name: string;
  /** Dense gradients, as backward completes them: from the head to the embeddings. */
  readonly dense: readonly Parameter[];
  /** The table of words, of whose gradient the touched rows travel if that is less. */
  readonly table: { readonly rows: number; readonly width: number };
}

export function modelOf({ name, layers, hidden, intermediate }: ModelShape): Model {
  const linear = (from: number, to: number): Parameter[] => [
    { elements: from * to, work: from * to },
    { elements: to, work: 0 },
  ];
  const norm: Parameter[] = [
    { elements: hidden, work: 0 },
    { elements: hidden, work: 0 },
  ];
  const layer = [
    ...norm,
    ...linear(intermediate, hidden),
    ...linear(hidden, intermediate),
    ...norm,
    ...linear(hidden, hidden),
    ...linear(hidden, hidden),
    ...linear(hidden, hidden),
    ...linear(hidden, hidden),
  ];
  // the head and the pooler see one token of a row, which is no work to speak of
  const head = [...linear(hidden, 2), ...linear(hidden, hidden)].map(({ elements }) => ({ elements, work: 0 }));
  const embeddings = [...norm, { elements: POSITIONS * hidden, work: 0 }, { elements: 2 * hidden, work: 0 }];
  return {
    name,
    dense: [...head, ...Array.from({ length: layers }, () => layer).flat(), ...embeddings],
    table: { rows: VOCABULARY, width: hidden },
  };
}
