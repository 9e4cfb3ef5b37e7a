const path = require("npm:path-browserify");
path.posix = path;
path.toNamespacedPath = (name) => name;
/** The wildcards of a shell: *, **, ?, [a-z] and {a,b}. */
const globPattern = (glob) => {
  let source = "", depth = 0;
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i];
    if (c === "*" && glob[i + 1] === "*") {
      i += glob[i + 2] === "/" ? 2 : 1;
      source += "(?:.*/|)" + (glob[i] === "*" ? ".*" : "");
    } else if (c === "*") source += "[^/]*";
    else if (c === "?") source += "[^/]";
    else if (c === "{") (depth++, (source += "(?:"));
    else if (c === "}" && depth > 0) (depth--, (source += ")"));
    else if (c === "," && depth > 0) source += "|";
    else if (c === "[") {
      const end = glob.indexOf("]", i + 2);
      source += end < 0 ? "\\[" : glob.slice(i, end + 1).replace(/^\[!/, "[^");
      if (end >= 0) i = end;
    } else source += c.replace(/[\\^$.|+()]/g, "\\$&");
  }
  return new RegExp(`^${source}$`);
};
path.matchesGlob = (name, glob) => globPattern(glob).test(name);
Object.defineProperty(path, "win32", {
  configurable: true,
  enumerable: true,
  get: () => require("path/win32"),
  set(value) {
    Object.defineProperty(path, "win32", { value, writable: true });
  },
});
module.exports = path;
