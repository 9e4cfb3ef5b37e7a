// Node's events: the emitter, and what stands beside it.
const { argumentType, nodeError, abortError, checkFunction, checkBoolean, checkNumber, checkInteger, checkObject, checkSignal } = require("node-errors");

const apply = Reflect.apply;
const define = Object.defineProperty;
const captures = Symbol("kCapture");
const errorMonitor = Symbol("events.errorMonitor");
const rejection = Symbol.for("nodejs.rejection");
let mostByDefault = 10;
let capturesByDefault = false;

function EventEmitter(options) {
  EventEmitter.init.call(this, options);
}

Object.assign(EventEmitter.prototype, { _events: undefined, _eventsCount: 0, _maxListeners: undefined });
define(EventEmitter.prototype, captures, { value: false, writable: true, enumerable: false });

const init = function (options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null };
    this._eventsCount = 0;
  }
  this._maxListeners ||= undefined;
  if (options?.captureRejections) {
    checkBoolean("options.captureRejections", options.captureRejections);
    this[captures] = Boolean(options.captureRejections);
  } else this[captures] = capturesByDefault;
};

/** A listener's promise that is rejected is an error of the emitter, where that was asked for. */
const hearRejection = (emitter, promise, type, args) => {
  let then;
  try {
    ({ then } = promise);
    if (typeof then !== "function") return;
    apply(then, promise, [
      undefined,
      (error) =>
        process.nextTick(() => {
          if (typeof emitter[rejection] === "function") {
            emitter[rejection](error, type, ...args);
            return;
          }
          // The error's own listeners are not heard again: a loop without end otherwise.
          const before = emitter[captures];
          try {
            emitter[captures] = false;
            emitter.emit("error", error);
          } finally {
            emitter[captures] = before;
          }
        }),
    ]);
  } catch (error) {
    emitter.emit("error", error);
  }
};

const throwUnhandled = (error) => {
  if (error instanceof Error) throw error;
  let shown;
  try {
    shown = native.inspect(error, {});
  } catch {
    shown = error;
  }
  const unhandled = nodeError(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${shown})`);
  unhandled.context = error;
  throw unhandled;
};

const mostOf = (emitter) => (emitter._maxListeners === undefined ? mostByDefault : emitter._maxListeners);

const warnOfMany = (emitter, type, list) => {
  const most = mostOf(emitter);
  if (!(most > 0) || list.length <= most || list.warned) return;
  list.warned = true;
  const warning = new Error(
    `Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners added to ${native.inspect(emitter, { depth: -1 })}. MaxListeners is ${most}. Use emitter.setMaxListeners() to increase limit`,
  );
  Object.assign(warning, { name: "MaxListenersExceededWarning", emitter, type, count: list.length });
  process.emitWarning(warning);
};

const add = (emitter, type, listener, isFirst) => {
  checkFunction("listener", listener);
  let events = emitter._events;
  if (events === undefined) {
    events = emitter._events = { __proto__: null };
    emitter._eventsCount = 0;
  } else if (events.newListener !== undefined) {
    emitter.emit("newListener", type, listener.listener ?? listener);
    events = emitter._events;
  }
  const existing = events[type];
  if (existing === undefined) {
    events[type] = listener;
    emitter._eventsCount++;
    return emitter;
  }
  const list = typeof existing === "function" ? (events[type] = isFirst ? [listener, existing] : [existing, listener]) : existing;
  if (list === existing) list[isFirst ? "unshift" : "push"](listener);
  warnOfMany(emitter, type, list);
  return emitter;
};

const onceWrapper = (emitter, type, listener) => {
  checkFunction("listener", listener);
  let isFired = false;
  const wrapper = function (...args) {
    if (isFired) return undefined;
    isFired = true;
    emitter.removeListener(type, wrapper);
    return apply(listener, emitter, args);
  };
  wrapper.listener = listener;
  return wrapper;
};

const remove = (emitter, type, listener) => {
  checkFunction("listener", listener);
  const events = emitter._events;
  const list = events?.[type];
  if (list === undefined) return emitter;
  if (list === listener || list.listener === listener) {
    emitter._eventsCount--;
    if (emitter._eventsCount === 0) emitter._events = { __proto__: null };
    else delete events[type];
    if (events.removeListener) emitter.emit("removeListener", type, list.listener ?? listener);
    return emitter;
  }
  if (typeof list === "function") return emitter;
  let at = list.length - 1;
  while (at >= 0 && list[at] !== listener && list[at].listener !== listener) at--;
  if (at < 0) return emitter;
  const original = list[at].listener;
  list.splice(at, 1);
  if (list.length === 1) events[type] = list[0];
  if (events.removeListener !== undefined) emitter.emit("removeListener", type, original ?? listener);
  return emitter;
};

const removeAll = (emitter, type, hasType) => {
  const events = emitter._events;
  if (events === undefined) return emitter;
  if (events.removeListener === undefined) {
    if (!hasType) {
      emitter._events = { __proto__: null };
      emitter._eventsCount = 0;
    } else if (events[type] !== undefined) {
      if (--emitter._eventsCount === 0) emitter._events = { __proto__: null };
      else delete events[type];
    }
    return emitter;
  }
  if (!hasType) {
    for (const key of Reflect.ownKeys(events)) if (key !== "removeListener") emitter.removeAllListeners(key);
    emitter.removeAllListeners("removeListener");
    emitter._events = { __proto__: null };
    emitter._eventsCount = 0;
    return emitter;
  }
  const list = events[type];
  if (typeof list === "function") emitter.removeListener(type, list);
  else if (list !== undefined) for (let i = list.length - 1; i >= 0; i--) emitter.removeListener(type, list[i]);
  return emitter;
};

const listOf = (emitter, type) => {
  const list = emitter._events?.[type];
  if (list === undefined) return [];
  return typeof list === "function" ? [list] : [...list];
};

Object.assign(EventEmitter.prototype, {
  setMaxListeners: function setMaxListeners(n) {
    checkNumber("setMaxListeners", n, 0);
    this._maxListeners = n;
    return this;
  },
  getMaxListeners: function getMaxListeners() {
    return mostOf(this);
  },
  emit: function emit(type, ...args) {
    const events = this._events;
    if (type === "error") {
      if (events?.[errorMonitor] !== undefined) this.emit(errorMonitor, ...args);
      if (events?.error === undefined) throwUnhandled(args[0]);
    }
    const handler = events?.[type];
    if (handler === undefined) return false;
    if (typeof handler === "function") {
      const result = apply(handler, this, args);
      if (result !== undefined && result !== null && this[captures]) hearRejection(this, result, type, args);
      return true;
    }
    for (const listener of [...handler]) {
      const result = apply(listener, this, args);
      if (result !== undefined && result !== null && this[captures]) hearRejection(this, result, type, args);
    }
    return true;
  },
  addListener: function addListener(type, listener) {
    return add(this, type, listener, false);
  },
  prependListener: function prependListener(type, listener) {
    return add(this, type, listener, true);
  },
  once: function once(type, listener) {
    return this.on(type, onceWrapper(this, type, listener));
  },
  prependOnceListener: function prependOnceListener(type, listener) {
    return this.prependListener(type, onceWrapper(this, type, listener));
  },
  removeListener: function removeListener(type, listener) {
    return remove(this, type, listener);
  },
  removeAllListeners: function removeAllListeners(type) {
    return removeAll(this, type, arguments.length > 0);
  },
  listeners: function listeners(type) {
    return listOf(this, type).map((one) => one.listener ?? one);
  },
  rawListeners: function rawListeners(type) {
    return listOf(this, type);
  },
  listenerCount: function listenerCount(type, listener) {
    const list = listOf(this, type);
    return listener === undefined || listener === null ? list.length : list.filter((one) => one === listener || one.listener === listener).length;
  },
  eventNames: function eventNames() {
    return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : [];
  },
});
EventEmitter.prototype.on = EventEmitter.prototype.addListener;
EventEmitter.prototype.off = EventEmitter.prototype.removeListener;

// --- emitters and event targets alike ---

const isTarget = (emitter) => typeof emitter?.addEventListener === "function" && typeof emitter.on !== "function";
const checkEmitter = (emitter) => {
  if (typeof emitter?.on !== "function" && typeof emitter?.addEventListener !== "function") throw argumentType("emitter", "an instance of EventEmitter", emitter);
};
const listen = (emitter, name, listener, isOnce = false) => {
  if (!isTarget(emitter)) emitter[isOnce ? "once" : "on"](name, listener);
  else emitter.addEventListener(name, listener, isOnce ? { once: true } : undefined);
};
const unlisten = (emitter, name, listener) => (isTarget(emitter) ? emitter.removeEventListener(name, listener) : emitter.removeListener(name, listener));
const checkAborted = (signal) => {
  checkSignal("options.signal", signal);
  if (signal?.aborted) throw abortError(signal.reason);
};

const once = async (emitter, name, options = {}) => {
  checkObject("options", options);
  const { signal } = options;
  checkAborted(signal);
  checkEmitter(emitter);
  return new Promise((resolve, reject) => {
    const hearsErrors = name !== "error" && !isTarget(emitter);
    const forget = () => {
      unlisten(emitter, name, onEvent);
      if (hearsErrors) emitter.removeListener("error", onError);
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
      reject(abortError(signal.reason));
    };
    listen(emitter, name, onEvent, true);
    if (hearsErrors) emitter.once("error", onError);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
};

const on = (emitter, name, options = {}) => {
  checkObject("options", options);
  const { signal, close = [], highWaterMark = options.highWatermark ?? Number.MAX_SAFE_INTEGER, lowWaterMark = options.lowWatermark ?? 1 } = options;
  checkAborted(signal);
  checkInteger("options.highWaterMark", highWaterMark, 1);
  checkInteger("options.lowWaterMark", lowWaterMark, 1);
  checkEmitter(emitter);
  const events = [];
  const waiting = [];
  let failure;
  let isOver = false;
  let isPaused = false;
  const hearsErrors = name !== "error" && !isTarget(emitter);
  const end = () => {
    isOver = true;
    unlisten(emitter, name, onEvent);
    if (hearsErrors) emitter.removeListener("error", onError);
    for (const one of close ?? []) unlisten(emitter, one, end);
    signal?.removeEventListener("abort", onAbort);
    for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  };
  const onEvent = (...args) => {
    const next = waiting.shift();
    if (next !== undefined) {
      next.resolve({ value: args, done: false });
      return;
    }
    events.push(args);
    if (!isPaused && events.length > highWaterMark) {
      isPaused = true;
      emitter.pause?.();
    }
  };
  const onError = (error) => {
    const next = waiting.shift();
    if (next !== undefined) next.reject(error);
    else failure = { error };
    end();
  };
  const onAbort = () => onError(abortError(signal.reason));
  listen(emitter, name, onEvent);
  if (hearsErrors) emitter.on("error", onError);
  for (const one of close ?? []) listen(emitter, one, end);
  signal?.addEventListener("abort", onAbort, { once: true });
  return Object.setPrototypeOf(
    {
      next() {
        if (events.length > 0) {
          const value = events.shift();
          if (isPaused && events.length < lowWaterMark) {
            isPaused = false;
            emitter.resume?.();
          }
          return Promise.resolve({ value, done: false });
        }
        if (failure !== undefined) {
          const { error } = failure;
          failure = undefined;
          return Promise.reject(error);
        }
        if (isOver) return end();
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
      },
      return: end,
      throw(error) {
        if (!(error instanceof Error)) throw argumentType("EventEmitter.AsyncIterator", "an instance of Error", error);
        onError(error);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      [Symbol.for("nodejs.watermarkData")]: {
        get size() {
          return events.length;
        },
        get low() {
          return lowWaterMark;
        },
        get high() {
          return highWaterMark;
        },
        get isPaused() {
          return isPaused;
        },
      },
    },
    Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype),
  );
};

const addAbortListener = (signal, listener) => {
  if (signal === undefined) throw argumentType("signal", "an instance of AbortSignal", signal);
  checkSignal("signal", signal);
  checkFunction("listener", listener);
  let forget;
  if (signal.aborted) queueMicrotask(() => listener());
  else {
    signal.addEventListener("abort", listener, { once: true });
    forget = () => signal.removeEventListener("abort", listener);
  }
  const disposable = { __proto__: null, [Symbol.for("nodejs.dispose")]: () => forget?.() };
  if (Symbol.dispose !== undefined) disposable[Symbol.dispose] = disposable[Symbol.for("nodejs.dispose")];
  return disposable;
};

const mostOfTargets = new WeakMap();

module.exports = EventEmitter;
Object.assign(EventEmitter, {
  once,
  on,
  addAbortListener,
  init,
  EventEmitter,
  usingDomains: false,
  captureRejectionSymbol: rejection,
  errorMonitor,
  listenerCount: (emitter, type) => (typeof emitter.listenerCount === "function" ? emitter.listenerCount(type) : listOf(emitter, type).length),
  getEventListeners(emitter, type) {
    if (typeof emitter?.listeners === "function") return emitter.listeners(type);
    if (isTarget(emitter)) return require("event-target").listenersOf?.(emitter, type) ?? [];
    throw argumentType("emitter", "an instance of EventEmitter or EventTarget", emitter);
  },
  getMaxListeners(emitter) {
    if (typeof emitter?.getMaxListeners === "function") return mostOf(emitter);
    if (isTarget(emitter)) return mostOfTargets.get(emitter) ?? mostByDefault;
    throw argumentType("emitter", "an instance of EventEmitter or EventTarget", emitter);
  },
  setMaxListeners(n = mostByDefault, ...emitters) {
    checkNumber("setMaxListeners", n, 0);
    if (emitters.length === 0) mostByDefault = n;
    for (const emitter of emitters) {
      if (isTarget(emitter)) mostOfTargets.set(emitter, n);
      else if (typeof emitter?.setMaxListeners === "function") emitter.setMaxListeners(n);
      else throw argumentType("eventTargets", "an instance of EventEmitter or EventTarget", emitter);
    }
  },
});
define(EventEmitter, "defaultMaxListeners", {
  enumerable: true,
  get: () => mostByDefault,
  set: (value) => {
    checkNumber("defaultMaxListeners", value, 0);
    mostByDefault = value;
  },
});
define(EventEmitter, "captureRejections", {
  enumerable: true,
  get: () => capturesByDefault,
  set: (value) => {
    checkBoolean("EventEmitter.captureRejections", value);
    capturesByDefault = value;
  },
});
define(EventEmitter, "EventEmitterAsyncResource", {
  configurable: true,
  enumerable: true,
  get: () => require("events-async-resource").EventEmitterAsyncResource,
});
