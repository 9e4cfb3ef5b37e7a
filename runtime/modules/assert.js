module.exports = require("npm:assert");
