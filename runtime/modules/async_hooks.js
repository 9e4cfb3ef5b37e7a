// AsyncLocalStorage and AsyncResource.
//
// The context is one value that every way to run code later takes along: reactions of promises, microtasks,
// timers, ticks. The engine's own `await` can't be told, so code that uses this module is built without it:
// esbuild writes async functions as generators over promises (src/definition/bundler.c).
const { argumentType, checkFunction, nodeError } = require("node-errors");
const apply = Reflect.apply;

let frame; // Map of AsyncLocalStorage -> its store; never changed once made

const runIn = (entered, callback, self, args) => {
  const before = frame;
  frame = entered;
  try {
    return apply(callback, self, args);
  } finally {
    frame = before;
  }
};
const keep = (callback) => {
  if (typeof callback !== "function" || frame === undefined) return callback;
  const entered = frame;
  return function (...args) {
    return runIn(entered, callback, this, args);
  };
};

const { then } = Promise.prototype;
Object.defineProperty(Promise.prototype, "then", {
  value: {
    then(onFulfilled, onRejected) {
      return frame === undefined ? apply(then, this, [onFulfilled, onRejected]) : apply(then, this, [keep(onFulfilled), keep(onRejected)]);
    },
  }.then,
  writable: true,
  configurable: true,
});

/** Puts a wrapper that keeps the context in a function's place, where code finds it. */
const wrap = (owner, name) => {
  const original = owner[name];
  if (typeof original !== "function") return;
  const wrapper = { [name]: (callback, ...rest) => original.call(owner, keep(callback), ...rest) }[name];
  for (const key of Object.getOwnPropertySymbols(original)) Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(original, key));
  owner[name] = wrapper;
};
for (const owner of [globalThis, require("timers")]) for (const name of ["setTimeout", "setInterval", "setImmediate"]) wrap(owner, name);
wrap(globalThis, "queueMicrotask");
wrap(require("process"), "nextTick");

let lastId = 1;

class AsyncResource {
  #frame = frame;
  #id = ++lastId;
  #triggerId;
  #type;
  constructor(type, options = {}) {
    if (typeof type !== "string") throw argumentType("type", "of type string", type);
    const triggerId = typeof options === "number" ? options : options.triggerAsyncId;
    if (triggerId !== undefined && (!Number.isSafeInteger(triggerId) || triggerId < -1)) throw nodeError(RangeError, "ERR_INVALID_ASYNC_ID", `Invalid triggerAsyncId value: ${triggerId}`);
    this.#type = type;
    this.#triggerId = triggerId ?? 1;
  }
  get type() {
    return this.#type;
  }
  runInAsyncScope(callback, self, ...args) {
    return runIn(this.#frame, callback, self, args);
  }
  emitDestroy() {
    return this;
  }
  asyncId() {
    return this.#id;
  }
  triggerAsyncId() {
    return this.#triggerId;
  }
  bind(callback, self) {
    checkFunction("fn", callback);
    const resource = this;
    const bound = function (...args) {
      return resource.runInAsyncScope(callback, self ?? this, ...args);
    };
    Object.defineProperties(bound, {
      length: { value: callback.length, configurable: true },
      asyncResource: { value: this, configurable: true, enumerable: true, writable: true },
    });
    return bound;
  }
  static bind(callback, type, self) {
    return new AsyncResource(type ?? callback.name ?? "bound-anonymous-fn").bind(callback, self);
  }
}

class AsyncLocalStorage {
  #isOn = false;
  static bind(callback) {
    return AsyncResource.bind(callback, "bound-anonymous-fn");
  }
  static snapshot() {
    const entered = frame;
    return (callback, ...args) => runIn(entered, callback, undefined, args);
  }
  #with(store) {
    this.#isOn = true;
    const next = new Map(frame);
    next.set(this, store);
    return next;
  }
  run(store, callback, ...args) {
    return runIn(this.#with(store), callback, undefined, args);
  }
  exit(callback, ...args) {
    const next = new Map(frame);
    next.delete(this);
    return runIn(next.size === 0 ? undefined : next, callback, undefined, args);
  }
  enterWith(store) {
    frame = this.#with(store);
  }
  getStore() {
    return this.#isOn ? frame?.get(this) : undefined;
  }
  disable() {
    this.#isOn = false;
    if (frame?.has(this)) {
      const next = new Map(frame);
      next.delete(this);
      frame = next.size === 0 ? undefined : next;
    }
  }
}

require("async-context").provide(AsyncLocalStorage.snapshot);

const hook = { enable: () => hook, disable: () => hook };

module.exports = {
  AsyncLocalStorage,
  AsyncResource,
  createHook: () => hook,
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
  asyncWrapProviders: Object.freeze({ __proto__: null, NONE: 0 }),
};
