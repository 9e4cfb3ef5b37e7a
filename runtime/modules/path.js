const path = require("npm:path-browserify"); path.posix = path; module.exports = path;
