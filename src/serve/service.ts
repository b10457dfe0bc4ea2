// What a server serves: a task's requests and answers as JSON, whatever the task.
import type { SettingFields } from "./settings.js";

/** A JSON schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Service<Input, Settings extends object = Record<never, never>, Output = unknown> {
  /** The Hub's name of the task. */
  readonly task: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  /** What a request may say beside its inputs. */
  readonly settings: SettingFields<Settings>;
  /** An input that fits the schema for the documentation. */
  readonly example: Input;
  /** Reads an input; throws HttpError 400, naming `path`, for what does not fit the schema. */
  parse(value: unknown, path: string): Input;
  /**
   * Computes a batch: an output for each input, in their order. Calls `onCut` with the number of each input of which only
   * a part was read.
   * @throws DataError or ConfigError where the fault is an input's or a setting's: its request is refused, others are not
   */
  run(inputs: readonly Input[], settings: Settings, onCut: (input: number) => void): Promise<readonly Output[]>;
}

/** A service of which nobody needs to know what its parts are. */
export type AnyService = Service<unknown, object, unknown>;
