// shuffle: all rows in a random order, for a seed the very order of Python's datasets.
import { randomInt } from "node:crypto";
import { permutation } from "../../support/pcg64.js";
import { type Table, takeRows } from "../table.js";

/** Where the order of a shuffle comes from. */
export interface ShuffleOptions {
  /** A whole number, 0 or above: the order is numpy's `default_rng(seed).permutation`. Default: another one each time. */
  seed?: number;
}

/** The rows in the order of Python's `Dataset.shuffle(seed=seed)`. Throws ConfigError on a wrong seed. */
export function shuffle(table: Table, options: ShuffleOptions = {}): Table {
  return takeRows(table, randomOrder(table.length, options.seed));
}

/** A random order of `length` rows: numpy's for `seed`, or without one an order of its own each time. */
export function randomOrder(length: number, seed: number | undefined): Uint32Array {
  return permutation(length, seed ?? randomInt(2 ** 32));
}
