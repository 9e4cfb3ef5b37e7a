// The Streams standard, by its polyfill.
const streams = require("npm:web-streams-polyfill");
module.exports = { ...streams };
