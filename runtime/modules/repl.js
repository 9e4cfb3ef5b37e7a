module.exports = require("refused").refuse("repl", "there is no terminal", {
  functions: ["start", "writer", "isValidSyntax"],
  classes: ["REPLServer", "Recoverable"],
  values: { REPL_MODE_SLOPPY: Symbol("repl-sloppy"), REPL_MODE_STRICT: Symbol("repl-strict"), builtinModules: require("module").builtinModules },
});
