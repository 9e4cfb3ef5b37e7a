// Timers as in Node: objects, ordered by time and then by when they were set; immediates run in the next turn.
const { setTimer, clearTimer } = native;
const apply = Reflect.apply;
const custom = Symbol.for("nodejs.util.promisify.custom");
const live = new Map(); // id -> Timeout, for clearTimeout(number)

const check = (callback) => {
  if (typeof callback === "function") return;
  const error = new TypeError(
    `The "callback" argument must be of type function. Received ${callback === null ? "null" : typeof callback}`,
  );
  error.code = "ERR_INVALID_ARG_TYPE";
  throw error;
};

const delayOf = (after) => {
  const ms = Number(after);
  return ms >= 1 && ms <= 2 ** 31 - 1 ? Math.trunc(ms) : 1;
};

class Timeout {
  #callback;
  #args;
  #after;
  #repeats;
  #id = 0;
  #isReferenced = true;

  constructor(callback, after, repeats, args) {
    this.#callback = callback;
    this.#after = delayOf(after);
    this.#repeats = repeats;
    this.#args = args;
    this.#start();
  }

  #start() {
    this.#id = setTimer(() => this.#fire(), this.#after, this.#isReferenced);
    live.set(this.#id, this);
  }

  #fire() {
    live.delete(this.#id);
    this.#id = 0;
    try {
      apply(this.#callback, this, this.#args);
    } finally {
      if (this.#repeats && this.#callback !== null && this.#id === 0) this.#start();
    }
  }

  #stop() {
    if (this.#id === 0) return;
    clearTimer(this.#id);
    live.delete(this.#id);
    this.#id = 0;
  }

  #again(isReferenced) {
    if (this.#isReferenced === isReferenced) return this;
    this.#isReferenced = isReferenced;
    if (this.#id !== 0) native.referTimer(this.#id, isReferenced);
    return this;
  }

  ref() {
    return this.#again(true);
  }
  unref() {
    return this.#again(false);
  }
  hasRef() {
    return this.#isReferenced;
  }
  refresh() {
    if (this.#callback === null) return this;
    this.#stop();
    this.#start();
    return this;
  }
  close() {
    this.#stop();
    this.#callback = null;
    return this;
  }
  [Symbol.toPrimitive]() {
    return this.#id;
  }
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }
}

class Immediate {
  #id;
  constructor(callback, args) {
    this.#id = setTimer(
      () => {
        this.#id = 0;
        apply(callback, this, args);
      },
      0,
      true,
    );
  }
  ref() {
    return this;
  }
  unref() {
    if (this.#id !== 0) native.referTimer(this.#id, false);
    return this;
  }
  hasRef() {
    return true;
  }
  close() {
    if (this.#id !== 0) clearTimer(this.#id);
    this.#id = 0;
  }
}

const setTimeout = (callback, after, ...args) => {
  check(callback);
  return new Timeout(callback, after, false, args);
};
const setInterval = (callback, after, ...args) => {
  check(callback);
  return new Timeout(callback, after, true, args);
};
const setImmediate = (callback, ...args) => {
  check(callback);
  return new Immediate(callback, args);
};
const clearTimeout = (timer) => {
  if (timer instanceof Timeout || timer instanceof Immediate) timer.close();
  else if (typeof timer === "number" || typeof timer === "string") live.get(Number(timer))?.close();
};

const later = (start) => (after, value, { signal } = {}) =>
  new Promise((resolve, reject) => {
    const abort = () => {
      timer.close();
      const error = new Error("The operation was aborted", { cause: signal.reason });
      reject(Object.assign(error, { name: "AbortError", code: "ABORT_ERR" }));
    };
    const timer = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    }, after);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });

const promises = {
  setTimeout: later(setTimeout),
  setImmediate: (value, options) => later((callback) => setImmediate(callback))(0, value, options),
  async *setInterval(after, value, options) {
    for (;;) yield await promises.setTimeout(after, value, options);
  },
  scheduler: {
    wait: (after, options) => promises.setTimeout(after, undefined, options),
    yield: () => promises.setImmediate(),
  },
};
Object.defineProperty(setTimeout, custom, { value: promises.setTimeout });
Object.defineProperty(setImmediate, custom, { value: promises.setImmediate });

module.exports = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval: clearTimeout,
  clearImmediate: clearTimeout,
  promises,
};
