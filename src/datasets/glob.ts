// The patterns by which dataset cards name files: `*` and `?` within a folder's name, `**` across folders, `[abc]`, `{a,b}`.

/** True where `pattern` matches the whole of `path`; both have forward slashes and no leading one. */
export function matchesGlob(path: string, pattern: string): boolean {
  return globToRegExp(pattern).test(path);
}

function globToRegExp(pattern: string): RegExp {
  let source = "";
  let alternatives = 0; // braces that are open
  for (let i = 0; i < pattern.length; i++) {
    const rest = pattern.slice(i);
    const characters = /^\[([!^]?)(\]?[^\]]*)\]/.exec(rest);
    if (rest.startsWith("**/")) {
      source += "(?:.*/)?";
      i += 2;
    } else if (rest.startsWith("**")) {
      source += ".*";
      i += 1;
    } else if (rest[0] === "*") {
      source += "[^/]*";
    } else if (rest[0] === "?") {
      source += "[^/]";
    } else if (characters !== null) {
      source += `[${characters[1] === "" ? "" : "^/"}${characters[2].replace(/[\\\]^[]/g, "\\$&")}]`;
      i += characters[0].length - 1;
    } else if (rest[0] === "{" && rest.includes("}")) {
      source += "(?:";
      alternatives += 1;
    } else if (rest[0] === "}" && alternatives > 0) {
      source += ")";
      alternatives -= 1;
    } else if (rest[0] === "," && alternatives > 0) {
      source += "|";
    } else {
      source += rest[0].replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    }
  }
  return new RegExp(`^${source}$`, "su");
}
