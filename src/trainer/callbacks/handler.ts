// The callbacks of a Trainer, called in the order in which they were added.
import { ConfigError, nearest } from "../../support/errors.js";
import { warn } from "../../support/log.js";
import {
  type CallbackEvent,
  type CallbackEvents,
  type ExportedState,
  isStateful,
  type TrainerCallback,
} from "./callback.js";

/** A callback, or the class of one that needs nothing to be made. */
export type CallbackOrClass = TrainerCallback | (new () => TrainerCallback);

const EVENTS: Readonly<Record<CallbackEvent, true>> = {
  onInitEnd: true,
  onTrainBegin: true,
  onTrainEnd: true,
  onTrainError: true,
  onEpochBegin: true,
  onEpochEnd: true,
  onStepBegin: true,
  onSubstepEnd: true,
  onPreOptimizerStep: true,
  onOptimizerStep: true,
  onStepEnd: true,
  onEvaluate: true,
  onPredict: true,
  onSave: true,
  onLog: true,
  onPredictionStep: true,
  onPushBegin: true,
};

export class CallbackHandler {
  readonly #callbacks: TrainerCallback[] = [];

  /** @throws ConfigError for something that hears no event, or a method that is nearly the name of one. */
  add(callback: CallbackOrClass): void {
    const made = typeof callback === "function" ? new callback() : callback;
    checkEvents(made);
    if (typeof callback === "function" && this.#callbacks.some((other) => other instanceof callback)) {
      warn(`the Trainer has a callback ${callback.name} already, and now another`);
    }
    this.#callbacks.push(made);
  }

  /** Takes a callback out: itself, or the first of a class. Gives it back; undefined where there is none. */
  pop(callback: CallbackOrClass): TrainerCallback | undefined {
    const index = this.#callbacks.findIndex((each) =>
      typeof callback === "function" ? each instanceof callback : each === callback,
    );
    return index < 0 ? undefined : this.#callbacks.splice(index, 1)[0];
  }

  /** Whether there is a callback of a class. */
  has(type: new () => TrainerCallback): boolean {
    return this.#callbacks.some((callback) => callback instanceof type);
  }

  /** Calls an event; resolves when all who heard of it are done. */
  async call<Event extends CallbackEvent>(event: Event, context: CallbackEvents[Event]): Promise<void> {
    for (const callback of this.#callbacks) {
      const method = callback[event] as ((context: CallbackEvents[Event]) => void | Promise<void>) | undefined;
      const result = method?.call(callback, context);
      if (result) await result;
    }
  }

  /** Calls an event without waiting. */
  callNow<Event extends CallbackEvent>(event: Event, context: CallbackEvents[Event]): void {
    for (const callback of this.#callbacks) {
      (callback[event] as ((context: CallbackEvents[Event]) => void) | undefined)?.call(callback, context);
    }
  }

  /** Lets callbacks that are disposable end what they show. */
  release(): void {
    for (const callback of this.#callbacks) (callback as Partial<Disposable>)[Symbol.dispose]?.();
  }

  /** The states of stateful callbacks by their classes' names; a list where a class is there several times. */
  exportStates(): Record<string, ExportedState | ExportedState[]> {
    const states: Record<string, ExportedState | ExportedState[]> = {};
    for (const callback of this.#callbacks) {
      if (!isStateful(callback)) continue;
      const name = nameOf(callback);
      const before = states[name];
      const state = callback.exportState();
      states[name] = before === undefined ? state : [before, state].flat();
    }
    return states;
  }

  /** Hands states back to the callbacks that they came from; says which callbacks are not there any more. */
  importStates(states: Readonly<Record<string, ExportedState | readonly ExportedState[]>>): void {
    const missing: string[] = [];
    for (const [name, state] of Object.entries(states)) {
      const takers = this.#callbacks.filter((callback) => nameOf(callback) === name).filter(isStateful);
      for (const [i, each] of [state].flat().entries()) takers[i]?.importState(each as ExportedState);
      if (takers.length === 0) missing.push(name);
    }
    if (missing.length > 0) {
      warn(`the checkpoint holds the state of ${missing.join(", ")}, which this Trainer does not have: left out`);
    }
  }
}

function nameOf(callback: TrainerCallback): string {
  return callback.constructor.name;
}

function checkEvents(callback: TrainerCallback): void {
  const names = new Set<string>(Object.keys(EVENTS));
  const methods = methodNames(callback);
  if (methods.some((name) => names.has(name))) return;
  const wrong = methods.find((name) => nearest(name, names) !== undefined);
  const hint = wrong === undefined ? "" : `; ${wrong} is not one, did you mean ${nearest(wrong, names)}?`;
  throw new ConfigError(`a callback needs a method for an event: ${Object.keys(EVENTS).join(", ")}${hint}`);
}

function methodNames(object: object): string[] {
  const names: string[] = [];
  for (let level: object | null = object; level && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
    names.push(...Object.getOwnPropertyNames(level).filter((name) => name !== "constructor"));
  }
  return names;
}
