// Timers as in Node: objects, ordered by time and then by when they were set; immediates run in the next turn.
const { checkFunction } = require("node-errors");
const { timeouts, immediates } = require("timers-active");
const { setTimer, clearTimer, referTimer } = native;
const apply = Reflect.apply;
const custom = Symbol.for("nodejs.util.promisify.custom");
const dispose = Symbol.dispose ?? Symbol.for("nodejs.dispose");
const MOST_MS = 2 ** 31 - 1;

const delayOf = (after) => {
  const ms = +after;
  if (ms >= 1 && ms <= MOST_MS) return ms;
  if (ms > MOST_MS) process.emitWarning(`${ms} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`, "TimeoutOverflowWarning");
  return 1;
};

// What the engine waits for: the number of a Timeout's timer, 0 while there is none. Not on the object: code may look at
// and change those of its properties that Node has.
const ids = new WeakMap();
const start = (timer, ms) => {
  const id = setTimer(() => fire(timer), Math.trunc(ms), !timer[unreferenced]);
  ids.set(timer, id);
  timeouts.set(id, timer);
};
const stop = (timer) => {
  const id = ids.get(timer) ?? 0;
  if (id === 0) return;
  clearTimer(id);
  timeouts.delete(id);
  ids.set(timer, 0);
};
const unreferenced = Symbol("unreferenced");
const args = Symbol("args");

function fire(timer) {
  timeouts.delete(ids.get(timer));
  ids.set(timer, 0);
  const callback = timer._onTimeout;
  if (typeof callback !== "function") {
    timer._destroyed = true;
    return;
  }
  try {
    if (timer[args] === undefined) timer._onTimeout();
    else apply(callback, timer, timer[args]);
  } finally {
    if (ids.get(timer) === 0) {
      if (timer._repeat) start(timer, timer._idleTimeout = delayOf(timer._repeat));
      else timer._destroyed = true;
    }
  }
}

class Timeout {
  constructor(callback, after, given, isRepeated, isReferenced) {
    const ms = delayOf(after);
    this._idleTimeout = ms;
    this._onTimeout = callback;
    this._repeat = isRepeated ? ms : null;
    this._destroyed = false;
    Object.defineProperties(this, {
      [args]: { value: given, writable: true },
      [unreferenced]: { value: !isReferenced, writable: true },
    });
    start(this, ms);
  }
  ref() {
    if (this[unreferenced]) {
      this[unreferenced] = false;
      if (ids.get(this) > 0) referTimer(ids.get(this), true);
    }
    return this;
  }
  unref() {
    if (!this[unreferenced]) {
      this[unreferenced] = true;
      if (ids.get(this) > 0) referTimer(ids.get(this), false);
    }
    return this;
  }
  hasRef() {
    return !this[unreferenced];
  }
  refresh() {
    if (this._destroyed && ids.get(this) === 0 && this._onTimeout === null) return this;
    stop(this);
    this._destroyed = false;
    start(this, this._idleTimeout);
    return this;
  }
  close() {
    clearTimeout(this);
    return this;
  }
  [Symbol.toPrimitive]() {
    return ids.get(this) ?? 0;
  }
}

class Immediate {
  #id;
  #isReferenced = true;
  constructor(callback, given) {
    this._onImmediate = callback;
    this._argv = given;
    this._destroyed = false;
    this.#id = setTimer(() => this.#fire(), 0, true);
    immediates.add(this);
  }
  #fire() {
    const callback = this._onImmediate;
    this.#forget();
    apply(callback, this, this._argv ?? []);
  }
  #forget() {
    this.#id = 0;
    this._destroyed = true;
    this._onImmediate = null;
    immediates.delete(this);
  }
  ref() {
    this.#refer(true);
    return this;
  }
  unref() {
    this.#refer(false);
    return this;
  }
  #refer(isReferenced) {
    if (this.#id === 0 || this.#isReferenced === isReferenced) return;
    this.#isReferenced = isReferenced;
    referTimer(this.#id, isReferenced);
  }
  hasRef() {
    return this.#id !== 0 && this.#isReferenced;
  }
  static clear(immediate) {
    if (typeof immediate !== "object" || immediate === null || !(#id in immediate) || immediate.#id === 0) return;
    clearTimer(immediate.#id);
    immediate.#forget();
  }
}

function clearTimeout(timer) {
  if (timer?._onTimeout !== undefined) {
    timer._onTimeout = null;
    timer._destroyed = true;
    timer._repeat = null;
    stop(timer);
    return;
  }
  if (typeof timer === "number" || typeof timer === "string") {
    const found = timeouts.get(Number(timer));
    if (found !== undefined) clearTimeout(found);
  }
}
function clearInterval(timer) {
  clearTimeout(timer);
}
function clearImmediate(immediate) {
  Immediate.clear(immediate);
}
for (const [owner, clear] of [[Timeout, clearTimeout], [Immediate, clearImmediate]])
  Object.defineProperty(owner.prototype, dispose, {
    value() {
      clear(this);
    },
    writable: true,
    configurable: true,
  });

function setTimeout(callback, after, ...given) {
  checkFunction("callback", callback);
  return new Timeout(callback, after, given, false, true);
}
function setInterval(callback, after, ...given) {
  checkFunction("callback", callback);
  return new Timeout(callback, after, given, true, true);
}
function setImmediate(callback, ...given) {
  checkFunction("callback", callback);
  return new Immediate(callback, given);
}

// Node's old way to give any object a timeout.
const enroll = (item, ms) => {
  const { checkNumber } = require("node-errors");
  checkNumber("msecs", ms);
  if (!(ms >= 0 && Number.isFinite(ms))) throw require("node-errors").outOfRange("msecs", "a non-negative finite number", ms);
  unenroll(item);
  if (ms > MOST_MS) {
    process.emitWarning(`${ms} does not fit into a 32-bit signed integer.\nTimer duration was truncated to ${MOST_MS}.`, "TimeoutOverflowWarning");
    ms = MOST_MS;
  }
  item._idleTimeout = ms;
};
const unenroll = (item) => {
  if (item._destroyed) return;
  stop(item);
  item._idleTimeout = -1;
  item._destroyed = true;
};
const activate = (isReferenced) => (item) => {
  if (!(item._idleTimeout >= 0)) return;
  stop(item);
  item._destroyed = false;
  item[unreferenced] = !isReferenced;
  item._idleStart = Math.trunc(native.monotonicMs());
  start(item, Math.max(1, item._idleTimeout));
};

const lazyPromise = (name) => ({ enumerable: false, configurable: true, get: () => require("timers/promises")[name] });
Object.defineProperty(setTimeout, custom, lazyPromise("setTimeout"));
Object.defineProperty(setImmediate, custom, lazyPromise("setImmediate"));

module.exports = {
  setTimeout,
  clearTimeout,
  setImmediate,
  clearImmediate,
  setInterval,
  clearInterval,
  _unrefActive: activate(false),
  active: activate(true),
  unenroll,
  enroll,
  get promises() {
    return require("timers/promises");
  },
};
