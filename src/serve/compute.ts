// A batch of what several requests ask: those of the same settings together, and no request failing for another's fault.
import { ConfigError, DataError } from "../support/errors.js";
import { HttpError } from "./http-error.js";
import type { AnyService } from "./service.js";

/** An input of a request, with what the request says beside it. */
export interface Asked {
  readonly input: unknown;
  /** Where it stands in its request's body. */
  readonly path: string;
  readonly settings: object;
  /** The settings as text: inputs of the same are computed together. */
  readonly key: string;
}

export interface Answered {
  readonly output: unknown;
  /** Whether only a part of the input was read. */
  readonly isCut: boolean;
}

/** An answer for each, in their order; an HttpError for an input that is refused. */
export async function computeBatch(service: AnyService, asked: readonly Asked[]): Promise<(Answered | HttpError)[]> {
  const answers = new Array<Answered | HttpError>(asked.length);
  const groups = new Map<string, number[]>();
  for (const [i, { key }] of asked.entries()) {
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  for (const places of groups.values()) {
    const computed = await computeGroup(
      service,
      places.map((i) => asked[i]),
    );
    for (const [i, place] of places.entries()) answers[place] = computed[i];
  }
  return answers;
}

async function computeGroup(service: AnyService, asked: readonly Asked[]): Promise<(Answered | HttpError)[]> {
  const cut = new Set<number>();
  try {
    const inputs = asked.map(({ input }) => input);
    const outputs = await service.run(inputs, asked[0].settings, (input) => void cut.add(input));
    return outputs.map((output, i) => ({ output, isCut: cut.has(i) }));
  } catch (error) {
    if (!(error instanceof DataError || error instanceof ConfigError)) throw error;
    if (asked.length === 1) {
      return [new HttpError(400, error.message.replace(/^input 0 of the pipeline|^pipeline:/, asked[0].path))];
    }
    const alone: (Answered | HttpError)[] = [];
    for (const one of asked) alone.push(...(await computeGroup(service, [one])));
    return alone;
  }
}
