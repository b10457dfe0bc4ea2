// What every model with a head has.
import type { AdapterDefaults, PeftTaskType } from "../../peft/index.js";
import type { CommonConfig } from "../config.js";
import type { EncoderModel } from "../encoder.js";
import { PreTrainedModel } from "../pretrained.js";

export abstract class HeadModel<Config extends CommonConfig = CommonConfig> extends PreTrainedModel<Config> {
  /** The encoder beneath the head, which stands in a field of the family's name. */
  abstract get baseModel(): EncoderModel;

  override get inputNames(): readonly string[] {
    return this.baseModel.inputNames;
  }

  override initialValues(name: string): Float32Array | undefined {
    return this.baseModel.initialValues(name);
  }

  override initialDeviation(name: string): number {
    return this.baseModel.initialDeviation(name);
  }

  /** What peft calls the head's task, where it knows it. */
  get peftTask(): PeftTaskType | undefined {
    return undefined;
  }

  /** The modules above the encoder are new, and trained and saved with an adapter. */
  override get adapterDefaults(): AdapterDefaults {
    const above = [...this.children()].filter(([, child]) => child !== this.baseModel && child.parameters().length > 0);
    return { taskType: this.peftTask, modulesToSave: above.map(([name]) => name) };
  }

  override get labelNames(): readonly string[] {
    return ["labels"];
  }
}
