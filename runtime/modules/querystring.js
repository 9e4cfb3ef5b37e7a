module.exports = require("npm:querystring-es3");
