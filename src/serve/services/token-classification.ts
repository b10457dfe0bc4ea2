// The service of a token classifier: texts to the entities in them.
import type {
  AggregationStrategy,
  Cut,
  EntityGroup,
  TokenClassificationPipeline,
  TokenLabel,
} from "../../pipelines/index.js";
import type { Service } from "../service.js";
import { choice, count, type Setting, words } from "../settings.js";
import { LONGEST_TEXT, textOf, textSchema } from "./inputs.js";

export interface TokenSettings {
  readonly aggregationStrategy: AggregationStrategy;
  readonly ignoreLabels: readonly string[];
  readonly stride: number | undefined;
}

const STRATEGIES = ["none", "simple", "first", "average", "max"] as const;
/** Parts of a text may share no more, so that their number stays in proportion to its length. */
const LONGEST_STRIDE = 128;

/** `labels`: the names that answers have without aggregation. */
export function tokenService(
  label: TokenClassificationPipeline,
  labels: readonly string[],
): Service<string, TokenSettings, readonly (TokenLabel | EntityGroup)[]> {
  const place = { type: "integer", description: "in the text, in UTF-16 units" };
  const common = { score: { type: "number" }, word: { type: "string" }, start: place, end: place };
  const required = Object.keys(common);
  const stride: Setting<number | undefined> = count({
    default: undefined,
    min: 0,
    max: LONGEST_STRIDE,
    description:
      "texts longer than the model takes are read in parts that share this many tokens; without it they are cut",
  });
  return {
    task: "token-classification",
    inputSchema: { ...textSchema, maxLength: LONGEST_TEXT, description: "a text" },
    outputSchema: {
      type: "array",
      description: "entities in the order of the text; without aggregation tokens",
      items: {
        oneOf: [
          {
            type: "object",
            description: "adjacent tokens that name one thing",
            properties: { entity_group: { type: "string" }, ...common },
            required: ["entity_group", ...required],
          },
          {
            type: "object",
            description: "a token (aggregationStrategy none)",
            properties: { entity: { type: "string", enum: labels }, index: { type: "integer" }, ...common },
            required: ["entity", "index", ...required],
          },
        ],
      },
    },
    settings: {
      aggregationStrategy: choice(STRATEGIES, {
        default: "simple",
        description: "how tokens become entities; none gives the tokens themselves",
      }),
      ignoreLabels: words({ default: ["O"], description: "labels that are left out" }),
      stride,
    },
    example: "Marie Curie was born in Warsaw .",
    parse: (value, path) => textOf(value, path, LONGEST_TEXT),
    run: (inputs, { stride, ...settings }, onCut) =>
      label(inputs, {
        ...settings,
        ...(stride === undefined ? {} : { stride }),
        onCut: (cut: Cut) => onCut(cut.input),
      }),
  };
}
