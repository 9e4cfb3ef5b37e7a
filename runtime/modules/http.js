// Node's http, the client's half: HTTP/1.1 over net. Servers are refused.
const agents = require("http-agent");
const { METHODS, STATUS_CODES, maxHeaderSize, validateHeaderName, validateHeaderValue } = require("http-common");
const { refuse } = require("refused");

const request = (url, options, callback) => new (require("http-client").ClientRequest)(url, options, callback);
const get = (url, options, callback) => {
  const made = request(url, options, callback);
  made.end();
  return made;
};

module.exports = {
  METHODS,
  STATUS_CODES,
  Agent: agents.Agent,
  maxHeaderSize,
  validateHeaderName,
  validateHeaderValue,
  request,
  get,
  setMaxIdleHTTPParsers() {},
  ...refuse("http", "a code block receives requests by its trigger", { functions: ["createServer", "_connectionListener"], classes: ["Server", "ServerResponse"] }),
};
const lazy = { ClientRequest: "http-client", IncomingMessage: "http-incoming", OutgoingMessage: "http-outgoing", WebSocket: "websocket", CloseEvent: "websocket", MessageEvent: "message-channel" };
for (const [name, from] of Object.entries(lazy)) Object.defineProperty(module.exports, name, { get: () => require(from)[name], enumerable: true, configurable: true });
Object.defineProperty(module.exports, "globalAgent", {
  get: () => agents.globalAgent,
  set(agent) {
    agents.globalAgent = agent;
  },
  enumerable: true,
  configurable: true,
});
