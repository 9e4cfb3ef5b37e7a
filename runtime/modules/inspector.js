module.exports = require("refused").refuse("inspector", "a debugger would see past the sandbox", {
  functions: ["open", "waitForDebugger"],
  classes: ["Session"],
  values: { url: () => undefined, close() {}, console: globalThis.console, Network: {} },
});
