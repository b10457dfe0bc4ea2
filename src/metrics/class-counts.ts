// How often each class was predicted, was right, and both: all that accuracy, F1 and Matthews' coefficient need.
import { classesOf, type ShapedArray } from "./numbers.js";

/** Counts of one class. */
export interface ClassCount {
  predicted: number;
  referenced: number;
  both: number;
}

/** Counts over all rows added, in memory that grows with the classes alone. */
export class ClassCounts {
  rows = 0;
  correct = 0;
  readonly #classes = new Map<number, ClassCount>();

  update(predictions: ShapedArray, references: ShapedArray): void {
    const predicted = classesOf(predictions, "predictions");
    const referenced = classesOf(references, "references");
    for (let i = 0; i < referenced.length; i++) {
      this.#count(predicted[i]).predicted++;
      const count = this.#count(referenced[i]);
      count.referenced++;
      if (predicted[i] === referenced[i]) {
        count.both++;
        this.correct++;
      }
    }
    this.rows += referenced.length;
  }

  clear(): void {
    this.rows = 0;
    this.correct = 0;
    this.#classes.clear();
  }

  /** The classes that were predicted or referenced, in ascending order. */
  get classes(): number[] {
    return [...this.#classes.keys()].sort((a, b) => a - b);
  }

  /** The counts of one class, zeros where it was not met. */
  of(label: number): Readonly<ClassCount> {
    return this.#classes.get(label) ?? { predicted: 0, referenced: 0, both: 0 };
  }

  #count(label: number): ClassCount {
    let count = this.#classes.get(label);
    if (count === undefined) {
      count = { predicted: 0, referenced: 0, both: 0 };
      this.#classes.set(label, count);
    }
    return count;
  }
}
