// The Streams standard, by its polyfill.
const streams = require("npm:web-streams-polyfill");
const { addInterface } = require("idl");
for (const type of Object.values(streams)) if (typeof type === "function") addInterface(type.prototype);
module.exports = { ...streams };
