const EventEmitter = require("npm:events");
EventEmitter.captureRejectionSymbol = Symbol.for("nodejs.rejection");
EventEmitter.errorMonitor = Symbol("events.errorMonitor");
EventEmitter.setMaxListeners = (n, ...emitters) => {
  if (emitters.length === 0) EventEmitter.defaultMaxListeners = n;
  for (const emitter of emitters) emitter.setMaxListeners?.(n);
};
EventEmitter.getEventListeners = (emitter, name) => emitter.listeners(name);
const { emit } = EventEmitter.prototype;
EventEmitter.prototype.emit = function (name, ...args) {
  if (name === "error" && this.listenerCount(EventEmitter.errorMonitor) > 0) emit.call(this, EventEmitter.errorMonitor, ...args);
  return emit.call(this, name, ...args);
};
module.exports = EventEmitter;
