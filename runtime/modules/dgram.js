module.exports = require("refused").refuse("dgram", "only TCP connections to other machines are possible", { functions: ["createSocket"], classes: ["Socket"] });
