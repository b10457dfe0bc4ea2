// What a server serves: a task's requests and answers as JSON, whatever the task.

/** A JSON schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Service<Input, Output> {
  /** The Hub's name of the task. */
  readonly task: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  /** An input that fits the schema for the documentation. */
  readonly example: Input;
  /** Reads an input; throws HttpError 400, naming `path`, for what does not fit the schema. */
  parse(value: unknown, path: string): Input;
  /** Computes a batch: an output for each input, in their order. */
  run(inputs: readonly Input[]): Promise<readonly Output[]>;
}
