// Patterns of paths as huggingface_hub takes them: Python's fnmatch, in which `*` and `?` match slashes too, and a
// pattern that ends with a slash means all that is in that folder.

/** True where a path matches a pattern. */
export function matchesPattern(path: string, pattern: string): boolean {
  const whole = pattern.endsWith("/") ? `${pattern}*` : pattern;
  const source = whole.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (token, not?: string, members?: string) => {
    if (members !== undefined) return `[${not ? "^" : ""}${members.replace(/[\\^]/g, "\\$&")}]`;
    if (token === "*") return ".*";
    if (token === "?") return ".";
    return token.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "s").test(path);
}
