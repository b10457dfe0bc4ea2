// A model as an ONNX graph: its inputs and outputs by the names that onnxruntime's users and transformers.js know.
import {
  EncoderModel,
  HeadModel,
  MaskedLMModel,
  type ModernBertConfig,
  MultipleChoiceModel,
  type PreTrainedModel,
  QuestionAnsweringModel,
  SequenceClassificationModel,
  TokenClassificationModel,
} from "../models/index.js";
import { PeftModel } from "../peft/index.js";
import { ConfigError } from "../support/errors.js";
import { albert } from "./families/albert.js";
import { bert } from "./families/bert.js";
import { debertaV2 } from "./families/deberta.js";
import { distilbert } from "./families/distilbert.js";
import { electra } from "./families/electra.js";
import type { EncoderValues, FamilyEmitter } from "./families/family.js";
import { modernbert } from "./families/modernbert.js";
import { mpnet } from "./families/mpnet.js";
import { roberta } from "./families/roberta.js";
import type { OnnxGraph } from "./file/model.js";
import { GraphBuilder, type Value } from "./graph.js";
import { firstToken } from "./layers/basic.js";

/** A family is added to the list here. */
const families: readonly FamilyEmitter[] = [bert, distilbert, roberta, electra, albert, mpnet, debertaV2, modernbert];

const BATCH = "batch_size";
const LENGTH = "sequence_length";
const CHOICES = "num_choices";

/**
 * The graph of a model. Inputs: input_ids, attention_mask and, where the family reads them, token_type_ids, int64
 * [batch_size, sequence_length]; of a multiple choice [batch_size, num_choices, sequence_length]. Outputs: logits, of
 * question answering start_logits and end_logits, of an encoder without head last_hidden_state.
 * @throws ConfigError for a model whose class is not one of Attune's, or with adapters, which are merged first
 */
export function onnxGraph(model: PreTrainedModel): OnnxGraph {
  if (PeftModel.of(model)) {
    throw new ConfigError(
      `this ${model.constructor.name} has adapters, which a graph has no place for: mergeAndUnload() of its PeftModel ` +
        "(PeftModel.of(model)) makes them part of its weights",
    );
  }
  const encoder = model instanceof HeadModel ? model.baseModel : model;
  const family = families.find((one) => encoder instanceof one.encoder);
  if (!family || !(encoder instanceof EncoderModel)) throw unknown(model);
  const g = new GraphBuilder(model);
  const inputs = declareInputs(g, family, encoder, model instanceof MultipleChoiceModel);
  const encode = (firstOnly: boolean): Value => family.encode(g, encoder, inputs, firstOnly);
  if (model === encoder) {
    g.output("last_hidden_state", encode(false), [BATCH, LENGTH, widthOf(encoder)]);
    return g.graph(model.constructor.name);
  }
  const head = family.heads.find(({ classes }) => classes.some((Class) => model instanceof Class));
  if (!head || !(model instanceof HeadModel)) throw unknown(model);
  const score = (states: Value): Value => g.inside(model, () => head.score(g, model, states));
  if (model instanceof SequenceClassificationModel) {
    g.output("logits", score(summary(g, encoder, inputs, encode)), [BATCH, labelCount(model)]);
  } else if (model instanceof MultipleChoiceModel) {
    const scores = score(summary(g, encoder, inputs, encode)); // [batch * choices, 1]
    const ids = g.node("Shape", ["input_ids"]);
    const shape = g.node("Slice", [ids, g.integers([0]), g.integers([2])]);
    g.output("logits", g.node("Reshape", [scores, shape]), [BATCH, CHOICES]);
  } else if (model instanceof TokenClassificationModel) {
    g.output("logits", score(encode(false)), [BATCH, LENGTH, labelCount(model)]);
  } else if (model instanceof MaskedLMModel) {
    g.output("logits", score(encode(false)), [BATCH, LENGTH, Number(model.config.vocab_size)]);
  } else if (model instanceof QuestionAnsweringModel) {
    const [start, end] = g.nodeOf(2, "Split", [score(encode(false))], { axis: -1 });
    g.output("start_logits", g.node("Squeeze", [start, g.integers([2])]), [BATCH, LENGTH]);
    g.output("end_logits", g.node("Squeeze", [end, g.integers([2])]), [BATCH, LENGTH]);
  } else {
    throw unknown(model);
  }
  return g.graph(model.constructor.name);
}

function declareInputs(
  g: GraphBuilder,
  family: FamilyEmitter,
  encoder: EncoderModel,
  hasChoices: boolean,
): EncoderValues {
  const shape = hasChoices ? [BATCH, CHOICES, LENGTH] : [BATCH, LENGTH];
  const declare = (name: string): Value => {
    const value = g.input(name, "int64", shape);
    if (!hasChoices) return value;
    const length = g.node("Slice", [g.node("Shape", [value]), g.integers([2]), g.integers([3])]);
    return g.node("Reshape", [value, g.node("Concat", [g.integers([-1]), length], { axis: 0 })]);
  };
  return {
    ids: declare("input_ids"),
    mask: declare("attention_mask"),
    types: family.takesTypes(encoder) ? declare("token_type_ids") : undefined,
  };
}

/** What a sequence is judged by, [batch, hidden]: its first token, or the mean of its tokens where the config says so. */
function summary(
  g: GraphBuilder,
  { config }: EncoderModel,
  { mask }: EncoderValues,
  encode: (firstOnly: boolean) => Value,
): Value {
  const { classifier_pooling: pooling } = config as Partial<ModernBertConfig>;
  if (pooling !== "mean") return firstToken(g, encode(true));
  const real = g.node("Cast", [g.node("Unsqueeze", [mask, g.integers([2])])], { to: 1 }); // float32
  const sum = g.node("ReduceSum", [g.node("Mul", [encode(false), real]), g.integers([1])], { keepdims: 0 });
  return g.node("Div", [sum, g.node("ReduceSum", [real, g.integers([1])], { keepdims: 0 })]);
}

function labelCount(model: HeadModel): number {
  return Object.keys(model.config.id2label).length;
}

function widthOf({ config }: EncoderModel): number {
  return Number(config.hidden_size ?? config.dim); // DistilBERT has a name of its own
}

function unknown(model: PreTrainedModel): ConfigError {
  const names = families.map(({ encoder }) => encoder.name).join(", ");
  return new ConfigError(
    `${model.constructor.name} cannot be exported to ONNX: it is none of Attune's models (${names} and their heads)`,
  );
}
