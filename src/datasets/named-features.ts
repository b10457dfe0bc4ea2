// Features with names of their own in Python's datasets that are stored as lists or structs of others, and read as these:
// arrays of a fixed shape, images, sounds and videos as their files' bytes and paths, translations.
import { inspect } from "node:util";
import { ConfigError } from "../support/errors.js";
import { type Feature, Json, List, NamedStruct, type StructFeature, Value } from "./features.js";

/** The shape of an array and the type of its elements. */
export interface ArrayOptions {
  /** The length of each dimension; only the first may be null, which is any length. */
  shape: readonly (number | null)[];
  /** The type of the elements, as a Value's: "float32". */
  dtype: string;
}

/** Arrays of 2 to 5 dimensions, all of one shape, read as lists of lists. */
export class ArrayFeature extends List {
  readonly shape: readonly (number | null)[];
  /** The type of the elements. */
  readonly dtype: string;

  /** Throws ConfigError where the shape has not as many dimensions as the name says, or a length that is none. */
  constructor(dimensions: number, { shape, dtype }: ArrayOptions) {
    const isLength = (length: number | null, i: number) =>
      (length === null && i === 0) || (Number.isInteger(length) && Number(length) >= 0);
    if (!(Array.isArray(shape) && shape.length === dimensions && shape.every(isLength))) {
      throw new ConfigError(
        `the shape of an Array${dimensions}D is ${dimensions} lengths, of which the first may be null, not ${JSON.stringify(shape)}`,
      );
    }
    let feature: Feature = new Value(dtype);
    for (const length of shape.slice(1).reverse()) feature = new List(feature, { length: Number(length) });
    super(feature, { length: shape[0] ?? -1 });
    this.shape = [...shape];
    this.dtype = dtype;
  }

  override toJSON(): object {
    return { shape: this.shape, dtype: this.dtype, _type: this.kind };
  }

  override toString(): string {
    return `${this.kind}(${this.shape.map((length) => length ?? "any").join(" x ")}, "${this.dtype}")`;
  }

  override [inspect.custom](_depth: number, options: object, print: typeof inspect): string {
    return `${this.kind} ${print({ shape: this.shape, dtype: this.dtype }, options)}`;
  }

  protected override get kind(): string {
    return `Array${this.shape.length}D`;
  }
}

/** Arrays of 2 dimensions: `new Array2D({ shape: [28, 28], dtype: "uint8" })`. */
export class Array2D extends ArrayFeature {
  constructor(options: ArrayOptions) {
    super(2, options);
  }
}

/** Arrays of 3 dimensions. */
export class Array3D extends ArrayFeature {
  constructor(options: ArrayOptions) {
    super(3, options);
  }
}

/** Arrays of 4 dimensions. */
export class Array4D extends ArrayFeature {
  constructor(options: ArrayOptions) {
    super(4, options);
  }
}

/** Arrays of 5 dimensions. */
export class Array5D extends ArrayFeature {
  constructor(options: ArrayOptions) {
    super(5, options);
  }
}

const TEXT = new Value("string");
const FILE: StructFeature = { bytes: new Value("binary"), path: TEXT };

/** What Python decodes files with when it reads them; here they are kept for it. */
export interface DecodeOptions {
  /** Python gives bytes and path, as is done here, where it is false. Default true. */
  decode?: boolean;
}

/** Images as files: structs of `bytes` and `path`, one of which may be null. They are not decoded. */
export function Image(options: DecodeOptions & { mode?: string } = {}): StructFeature {
  return namedStruct("Image", { ...options });
}

/** Sounds as files: structs of `bytes` and `path`, one of which may be null. They are not decoded. */
export function Audio(options: DecodeOptions & { samplingRate?: number; numChannels?: number } = {}): StructFeature {
  const { samplingRate, numChannels, ...others } = options;
  return namedStruct("Audio", { sampling_rate: samplingRate, ...others, num_channels: numChannels });
}

/** Videos as files: structs of `bytes` and `path`, one of which may be null. They are not decoded. */
export function Video(options: DecodeOptions = {}): StructFeature {
  return namedStruct("Video", { ...options });
}

/** A text for each language: structs with a field a language. */
export function Translation({ languages }: { languages: readonly string[] }): StructFeature {
  return namedStruct("Translation", { languages });
}

/** Texts for some of the languages: structs of two lists, `language` and `translation`, one as long as the other. */
export function TranslationVariableLanguages(options: { languages?: readonly string[] } = {}): StructFeature {
  const languages = options.languages && [...new Set(options.languages)].sort();
  return namedStruct("TranslationVariableLanguages", { languages, num_languages: languages?.length });
}

type Options = Readonly<Record<string, unknown>>;

/** The structs of files, all alike. */
const FILES = ["Image", "Audio", "Video", "Mesh", "Pdf", "Nifti", "BioSequence", "BioStructure"];

/** What each name stands for. */
const NAMED: ReadonlyMap<string, (options: Options) => Feature> = new Map<string, (options: Options) => Feature>([
  ["Json", (options) => new Json(options)],
  ["Array2D", (options) => new Array2D(options as unknown as ArrayOptions)],
  ["Array3D", (options) => new Array3D(options as unknown as ArrayOptions)],
  ["Array4D", (options) => new Array4D(options as unknown as ArrayOptions)],
  ["Array5D", (options) => new Array5D(options as unknown as ArrayOptions)],
  ...[...FILES, "Translation", "TranslationVariableLanguages"].map(
    (name) => [name, (options: Options) => namedStruct(name, options)] as const,
  ),
]);

function namedStruct(name: string, options: Options): StructFeature {
  // A class of structs, which have any fields at all, has no type that says so.
  return new NamedStruct(name, fieldsOf(name, options), options) as unknown as StructFeature;
}

/** True of the structs of files: Image, Audio, Video and others. */
export function isFile(feature: Feature): boolean {
  return feature instanceof NamedStruct && FILES.includes(NamedStruct.nameOf(feature));
}

function fieldsOf(name: string, { languages }: Options): StructFeature {
  if (name === "TranslationVariableLanguages") return { language: new List(TEXT), translation: new List(TEXT) };
  if (name !== "Translation") return FILE;
  if (!(Array.isArray(languages) && languages.every((each) => typeof each === "string"))) {
    throw new ConfigError(`a Translation needs a list of names of languages, not ${JSON.stringify(languages)}`);
  }
  return Object.fromEntries(languages.map((language) => [language, TEXT]));
}

/** The feature of a name, with options as Python writes them; undefined where it is none of those here. */
export function namedFeature(name: string, options: Options): Feature | undefined {
  return NAMED.get(name)?.(options);
}

/** The name that a dataset card spells `translation_variable_languages`; undefined where it is none of those here. */
export function nameOfCard(spelling: string): string | undefined {
  return [...NAMED.keys()].find((name) => cardSpelling(name) === spelling);
}

/** A name as dataset cards spell it: `Array2D` is `array2_d`. */
export function cardSpelling(name: string): string {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "_").toLowerCase();
}
