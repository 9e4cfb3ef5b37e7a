// Node's net. Servers are refused.
const { isIP, isIPv4, isIPv6, SocketAddress, BlockList } = require("net-address");
const { Socket, normalize } = require("net-socket");
const { argumentType, checkInteger } = require("node-errors");
const { refuse } = require("refused");

const connect = (...args) => {
  const [options] = normalize(args);
  const socket = new Socket(options);
  if (options.timeout) socket.setTimeout(options.timeout);
  return socket.connect(...args);
};

let autoSelectFamily = true;
let attemptTimeout = 250;

module.exports = {
  ...refuse("net", "a code block receives by its trigger, and listens to nothing itself", { functions: ["createServer"], classes: ["Server"] }),
  Socket,
  Stream: Socket,
  connect,
  createConnection: connect,
  isIP,
  isIPv4,
  isIPv6,
  SocketAddress,
  BlockList,
  getDefaultAutoSelectFamily: () => autoSelectFamily,
  setDefaultAutoSelectFamily(value) {
    if (typeof value !== "boolean") throw argumentType("value", "of type boolean", value);
    autoSelectFamily = value;
  },
  getDefaultAutoSelectFamilyAttemptTimeout: () => attemptTimeout,
  setDefaultAutoSelectFamilyAttemptTimeout(value) {
    checkInteger("value", value, 1);
    attemptTimeout = Math.max(value, 10);
  },
};
