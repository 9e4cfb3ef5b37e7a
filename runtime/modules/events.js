// Node's events: the package for the emitter, and what Node has besides.
const EventEmitter = require("npm:events");
const { argumentType } = require("node-errors");

const { emit } = EventEmitter.prototype;
const errorMonitor = Symbol("events.errorMonitor");
const rejection = Symbol.for("nodejs.rejection");

const isTarget = (emitter) => typeof emitter?.addEventListener === "function" && typeof emitter.on !== "function";
const abortError = (signal) => {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  error.name = "AbortError";
  error.code = "ABORT_ERR";
  return error;
};
const checkSignal = (signal) => {
  if (signal !== undefined && (signal === null || typeof signal !== "object" || !("aborted" in signal))) throw argumentType("options.signal", "an instance of AbortSignal", signal);
  if (signal?.aborted) throw abortError(signal);
};
const listen = (emitter, name, listener) => (isTarget(emitter) ? emitter.addEventListener(name, listener) : emitter.on(name, listener));
const unlisten = (emitter, name, listener) => (isTarget(emitter) ? emitter.removeEventListener(name, listener) : emitter.removeListener(name, listener));

/** A listener's promise that is rejected is an error of the emitter, where that was asked for. */
const catchRejections = (emitter, name, args, listener) =>
  function (...given) {
    const result = Reflect.apply(listener, emitter, given);
    if (typeof result?.then === "function")
      result.then(undefined, (error) => {
        if (typeof emitter[rejection] === "function") emitter[rejection](error, name, ...args);
        else emitter.emit("error", error);
      });
    return result;
  };

Object.defineProperty(EventEmitter.prototype, "emit", {
  value: {
    emit(name, ...args) {
      if (name === "error" && this._events?.[errorMonitor] !== undefined) emit.call(this, errorMonitor, ...args);
      if (!(this[captures] ?? EventEmitter.captureRejections) || name === "error") return emit.call(this, name, ...args);
      const listeners = this.rawListeners(name);
      for (const listener of listeners) catchRejections(this, name, args, listener)(...args);
      return listeners.length > 0;
    },
  }.emit,
  writable: true,
  configurable: true,
  enumerable: true,
});
const captures = Symbol("kCapture");
const { init } = EventEmitter;
EventEmitter.init = function (options) {
  init.call(this);
  if (options?.captureRejections !== undefined) Object.defineProperty(this, captures, { value: Boolean(options.captureRejections), configurable: true });
};
/* The package's constructor passes no options on. */
function Emitter(options) {
  EventEmitter.init.call(this, options);
}
Emitter.prototype = EventEmitter.prototype;
Object.defineProperty(Emitter.prototype, "constructor", { value: Emitter, writable: true, configurable: true });
Object.defineProperty(Emitter, "name", { value: "EventEmitter" });

const once = async (emitter, name, options = {}) => {
  const { signal } = options;
  checkSignal(signal);
  return new Promise((resolve, reject) => {
    const forget = () => {
      unlisten(emitter, name, onEvent);
      if (!isTarget(emitter) && name !== "error") emitter.removeListener("error", onError);
      signal?.removeEventListener("abort", onAbort);
    };
    const onEvent = (...args) => {
      forget();
      resolve(args);
    };
    const onError = (error) => {
      forget();
      reject(error);
    };
    const onAbort = () => {
      forget();
      reject(abortError(signal));
    };
    listen(emitter, name, onEvent);
    if (!isTarget(emitter) && name !== "error") emitter.on("error", onError);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
};

const on = (emitter, name, options = {}) => {
  const { signal, close = [], highWaterMark = Number.MAX_SAFE_INTEGER, lowWaterMark = 1, map = (args) => args } = options;
  checkSignal(signal);
  const events = [];
  const waiting = [];
  let failure, isOver = false, isPaused = false;
  const end = () => {
    isOver = true;
    unlisten(emitter, name, onEvent);
    if (!isTarget(emitter) && name !== "error") emitter.removeListener("error", onError);
    for (const one of close) unlisten(emitter, one, end);
    signal?.removeEventListener("abort", onAbort);
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
  };
  const onEvent = (...args) => {
    const value = map(args);
    const next = waiting.shift();
    if (next !== undefined) next.resolve({ value, done: false });
    else {
      events.push(value);
      if (!isPaused && events.length > highWaterMark) {
        isPaused = true;
        emitter.pause?.();
      }
    }
  };
  const onError = (error) => {
    const next = waiting.shift();
    if (next !== undefined) next.reject(error);
    else failure = { error };
    end();
  };
  const onAbort = () => onError(abortError(signal));
  listen(emitter, name, onEvent);
  if (!isTarget(emitter) && name !== "error") emitter.on("error", onError);
  for (const one of close) listen(emitter, one, end);
  signal?.addEventListener("abort", onAbort, { once: true });
  const iterator = {
    async next() {
      if (events.length > 0) {
        const value = events.shift();
        if (isPaused && events.length < lowWaterMark) {
          isPaused = false;
          emitter.resume?.();
        }
        return { value, done: false };
      }
      if (failure !== undefined) {
        const { error } = failure;
        failure = undefined;
        throw error;
      }
      if (isOver) return { value: undefined, done: true };
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    async return() {
      end();
      return { value: undefined, done: true };
    },
    throw(error) {
      if (!(error instanceof Error)) throw argumentType("EventEmitter.AsyncIterator", "an instance of Error", error);
      onError(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
  return iterator;
};

const addAbortListener = (signal, listener) => {
  if (signal === undefined || signal === null || typeof signal !== "object") throw argumentType("signal", "an instance of AbortSignal", signal);
  if (signal.aborted) queueMicrotask(() => listener());
  else signal.addEventListener("abort", listener, { once: true });
  return { [Symbol.dispose ?? Symbol.for("Symbol.dispose")]: () => signal.removeEventListener("abort", listener) };
};

Object.defineProperty(Emitter, "defaultMaxListeners", {
  enumerable: true,
  get: () => EventEmitter.defaultMaxListeners,
  set: (value) => (EventEmitter.defaultMaxListeners = value),
});

module.exports = Object.assign(Emitter, {
  EventEmitter: Emitter,
  init: EventEmitter.init,
  once,
  on,
  addAbortListener,
  listenerCount: (emitter, name) => emitter.listenerCount?.(name) ?? 0,
  captureRejectionSymbol: rejection,
  captureRejections: false,
  errorMonitor,
  usingDomains: false,
  setMaxListeners(n = EventEmitter.defaultMaxListeners, ...emitters) {
    if (emitters.length === 0) EventEmitter.defaultMaxListeners = n;
    for (const emitter of emitters) emitter.setMaxListeners?.(n);
  },
  getMaxListeners: (emitter) => emitter.getMaxListeners?.() ?? EventEmitter.defaultMaxListeners,
  getEventListeners: (emitter, name) => emitter.listeners?.(name) ?? [],
});
Object.defineProperty(Emitter, "captureRejections", {
  enumerable: true,
  get: () => EventEmitter.captureRejections ?? false,
  set: (value) => (EventEmitter.captureRejections = value),
});
Object.defineProperty(Emitter, "EventEmitterAsyncResource", {
  configurable: true,
  enumerable: true,
  get: () => require("events-async-resource").EventEmitterAsyncResource,
});
