// The declaration file that gives a dataset's rows their types: what `attune types` writes.
import { kindOf } from "./dtypes.js";
import { ClassLabel, type Feature, isStruct, Json, List, type StructFeature } from "./features.js";

/** A dataset to be declared. */
export interface Declared {
  /** What loadDataset is given. */
  readonly path: string;
  readonly config: string | undefined;
  readonly features: StructFeature;
  /** The columns in which rows lack a value. */
  readonly nullable: ReadonlySet<string>;
}

/** The text of a declaration file: the row's type, and with a configuration its place among the known datasets. */
export function declarationOf({ path, config, features, nullable }: Declared): string {
  const row = rowName(path, config);
  const fields = Object.entries(features).map(([name, feature]) => {
    const type = typeOf(feature, "  ");
    return `  ${propertyName(name)}: ${type}${nullable.has(name) && type !== "null" && type !== "unknown" ? " | null" : ""};`;
  });
  const usesLabel = fields.some((field) => field.includes("Label<"));
  const parts = [
    `// The rows of ${path}, as \`attune types ${path}${config === undefined ? "" : ` --config ${config}`}\` found them.`,
    `// ${usage(path, config, row)}`,
    ...(usesLabel ? ['import type { Label } from "attune/datasets";'] : []),
    "",
    `/** A row of ${path}${config === undefined ? "" : `, configuration ${config}`}. */`,
    `export interface ${row} {`,
    ...fields,
    "}",
  ];
  if (config === undefined) return `${parts.join("\n")}\n`;
  const known = `    ${JSON.stringify(`${path}#${config}`)}: ${row};`;
  parts.push("", 'declare module "attune/datasets" {', "  interface KnownDatasets {", known, "  }", "}");
  return `${parts.join("\n")}\n`;
}

function usage(path: string, config: string | undefined, row: string): string {
  const name = JSON.stringify(path);
  if (config === undefined) return `Use: loadDataset<${row}>(${name})`;
  return `With this file in the program, loadDataset(${name}, ${JSON.stringify(config)}) gives them.`;
}

/** The name of the row's type: ReviewsRow for user/reviews, GlueMrpcRow for nyu-mll/glue and mrpc. */
export function rowName(path: string, config: string | undefined): string {
  const stem =
    path
      .replace(/[\\/]+$/, "")
      .split(/[\\/]/)
      .at(-1)
      ?.replace(/\.\w+(\.gz)?$/, "") ?? "";
  const words = [stem, config ?? ""].flatMap((part) => part.split(/[^A-Za-z0-9]+/)).filter((word) => word !== "");
  const name = words.map((word) => word[0].toUpperCase() + word.slice(1)).join("");
  return `${/^[0-9]/.test(name) || name === "" ? "Dataset" : ""}${name}Row`;
}

function propertyName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function typeOf(feature: Feature, indent: string): string {
  if (feature instanceof ClassLabel) {
    return `Label<${feature.names.map((name) => JSON.stringify(name)).join(" | ") || "never"}>`;
  }
  if (feature instanceof Json) return "unknown";
  if (feature instanceof List) return `${typeOf(feature.feature, indent)}[]`;
  if (isStruct(feature)) {
    const fields = Object.entries(feature).map(
      ([name, field]) => `${indent}  ${propertyName(name)}: ${typeOf(field, `${indent}  `)};`,
    );
    return `{\n${fields.join("\n")}\n${indent}}`;
  }
  switch (kindOf(feature.dtype)) {
    case "null":
      return "null";
    case "bool":
      return "boolean";
    case "string":
      return "string";
    case "binary":
      return "Uint8Array";
    case "date":
    case "timestamp":
      return "Date";
    default:
      return "number";
  }
}
