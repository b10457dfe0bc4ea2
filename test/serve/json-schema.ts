// Whether a value fits a JSON schema: the keywords that the server's description uses, and an error for any other.
type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(["description", "default"]);

/** What does not fit, with its path; empty where all does. `root` is what references start from. */
export function mismatches(value: unknown, schema: object, root: object, path = "value"): string[] {
  const own = schema as Schema;
  return Object.keys(own).flatMap((keyword) => {
    const found = check(keyword, value, own, root, path);
    return found === true ? [] : found === false ? [`${path}: not ${keyword} ${JSON.stringify(own[keyword])}`] : found;
  });
}

function check(keyword: string, value: unknown, schema: Schema, root: object, path: string): boolean | string[] {
  const wanted = schema[keyword];
  const fits = (one: unknown) => mismatches(value, one as object, root, path).length === 0;
  const members = isObject(value) ? Object.keys(value) : [];
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [];
  switch (keyword) {
    case "$ref":
      return mismatches(value, follow(wanted as string, root), root, path);
    case "type":
      return [wanted].flat().some((type) => isOfType(value, type as string));
    case "oneOf":
      return (wanted as unknown[]).filter(fits).length === 1;
    case "anyOf":
      return (wanted as unknown[]).some(fits);
    case "enum":
      return (wanted as unknown[]).includes(value);
    case "required":
      return !isObject(value) || (wanted as string[]).every((name) => members.includes(name));
    case "additionalProperties":
      return members.every((name) => name in (schema.properties as object));
    case "properties":
      return members.flatMap((name) => {
        const one = (wanted as Readonly<Record<string, object>>)[name];
        return one === undefined ? [] : mismatches((value as Schema)[name], one, root, `${path}.${name}`);
      });
    case "items":
      return list.flatMap((item, i) => mismatches(item, wanted as object, root, `${path}[${i}]`));
    case "minItems":
      return list.length >= (wanted as number);
    case "maxItems":
      return list.length <= (wanted as number);
    case "minLength":
      return typeof value !== "string" || value.length >= (wanted as number);
    case "maxLength":
      return typeof value !== "string" || value.length <= (wanted as number);
    case "minimum":
      return typeof value !== "number" || value >= (wanted as number);
    case "maximum":
      return typeof value !== "number" || value <= (wanted as number);
    default:
      if (ANNOTATIONS.has(keyword)) return true;
      throw new Error(`the schema's keyword ${keyword} is not known here`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "null") return value === null;
  return typeof value === type;
}

function follow(reference: string, root: object): object {
  const parts = reference.replace(/^#\//, "").split("/");
  return parts.reduce((at, part) => (at as Readonly<Record<string, object>>)[part], root);
}
