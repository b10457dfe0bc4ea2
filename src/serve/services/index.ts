// The services by their tasks: each loads a model and makes its pipeline a service.
import { SentenceTransformer } from "../../embeddings/index.js";
import type { HubOptions } from "../../hub/index.js";
import {
  AutoConfig,
  AutoModelForMaskedLM,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  taskOfArchitecture,
} from "../../models/index.js";
import { pipeline } from "../../pipelines/index.js";
import { ConfigError } from "../../support/errors.js";
import { AutoTokenizer } from "../../tokenizers/index.js";
import type { AnyService, Service } from "../service.js";
import { type ServedTask, servedTasks } from "../task-names.js";
import { embeddingService } from "./feature-extraction.js";
import { fillMaskService } from "./fill-mask.js";
import { questionService } from "./question-answering.js";
import { classificationService } from "./text-classification.js";
import { tokenService } from "./token-classification.js";

/** Loads a model for its task and makes a service of it. @throws as `pipeline` does */
export async function loadService(task: ServedTask, model: string, hub: HubOptions): Promise<AnyService> {
  const tokenizer = () => AutoTokenizer.fromPretrained(model, hub);
  switch (task) {
    case "text-classification": {
      const loaded = await AutoModelForSequenceClassification.fromPretrained(model, { ...hub });
      const classify = await pipeline(task, loaded, { tokenizer: await tokenizer() });
      return erased(classificationService(classify, Object.values(loaded.config.id2label)));
    }
    case "token-classification": {
      const loaded = await AutoModelForTokenClassification.fromPretrained(model, { ...hub });
      const label = await pipeline(task, loaded, { tokenizer: await tokenizer() });
      return erased(tokenService(label, Object.values(loaded.config.id2label)));
    }
    case "question-answering": {
      const loaded = await AutoModelForQuestionAnswering.fromPretrained(model, { ...hub });
      return erased(questionService(await pipeline(task, loaded, { tokenizer: await tokenizer() })));
    }
    case "fill-mask": {
      const loaded = await AutoModelForMaskedLM.fromPretrained(model, { ...hub });
      const own = await tokenizer();
      return erased(fillMaskService(await pipeline(task, loaded, { tokenizer: own }), own));
    }
    case "feature-extraction": {
      const { encoder, tokenizer: own, settings, dimension } = await SentenceTransformer.fromPretrained(model, hub);
      const extract = await pipeline(task, encoder, { tokenizer: own });
      return erased(embeddingService(extract, { ...settings, dimension }));
    }
    default:
      throw new ConfigError(`serve: the task "${task as string}" is not known; there are ${servedTasks.join(", ")}`);
  }
}

/** The task that a model's config.json names. @throws ConfigError where it names none, or one that cannot be served */
export async function servedTaskOf(model: string, hub: HubOptions): Promise<ServedTask> {
  const { architectures = [] } = await AutoConfig.fromPretrained(model, { ...hub });
  const task = taskOfArchitecture(architectures[0]);
  const served = servedTasks.find((name) => name === task);
  if (served) return served;
  throw new ConfigError(
    task === undefined
      ? `${model} does not say what it is for (architectures ${JSON.stringify(architectures)}); say which of ${servedTasks.join(", ")}`
      : `${model} is for ${task}, which is not served; what is: ${servedTasks.join(", ")}`,
  );
}

/** Inputs and settings come from the service's own `parse` and `settings`, which nothing else may make. */
function erased<Input, Settings extends object, Output>(service: Service<Input, Settings, Output>): AnyService {
  return service as unknown as AnyService;
}
