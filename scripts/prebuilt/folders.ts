// Where things are made: all below build/, which git does not look at.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "./targets.js";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const buildFolder = join(root, "build");

/** Objects of a target and its binary. */
export const binaryFolder = (target: Target): string => join(buildFolder, "prebuilt", target.name);
export const binaryOf = (target: Target): string => join(binaryFolder(target), "attune.node");
