module.exports = require("performance");
