module.exports = require("refused").refuse("wasi", "it has no system to give to WebAssembly", { classes: ["WASI"] });
