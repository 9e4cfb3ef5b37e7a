// There is one thread.
const { MessageChannel, MessagePort, BroadcastChannel } = require("message-channel");
const { refuse } = require("refused");
module.exports = {
  ...refuse("worker_threads", "an execution has one thread", { classes: ["Worker"] }),
  isMainThread: true,
  isInternalThread: false,
  parentPort: null,
  workerData: null,
  threadId: 0,
  threadName: "",
  resourceLimits: {},
  SHARE_ENV: Symbol.for("nodejs.worker_threads.SHARE_ENV"),
  MessageChannel,
  MessagePort,
  BroadcastChannel,
  markAsUntransferable() {},
  isMarkedAsUntransferable: () => false,
  markAsUncloneable() {},
  moveMessagePortToContext: (port) => port,
  receiveMessageOnPort: (port) => port.takeOne(),
  getEnvironmentData: (key) => environment.get(key),
  setEnvironmentData(key, value) {
    if (value === undefined) environment.delete(key);
    else environment.set(key, value);
  },
  postMessageToThread: async () => {
    throw Object.assign(new Error("There is no other thread"), { code: "ERR_WORKER_MESSAGING_FAILED" });
  },
};
const environment = new Map();
