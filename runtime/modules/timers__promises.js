// Timers that are awaited.
const { abortError, argumentType, checkBoolean, checkNumber, checkObject, checkSignal, nodeError } = require("node-errors");
const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = require("timers");

const checkOptions = (options) => {
  checkObject("options", options);
  checkSignal("options.signal", options.signal);
  if (options.ref !== undefined) checkBoolean("options.ref", options.ref);
};

const later = (begin, clear) => (value, options = {}) => {
  try {
    checkOptions(options);
  } catch (error) {
    return Promise.reject(error);
  }
  const { signal, ref = true } = options;
  if (signal?.aborted) return Promise.reject(abortError(signal.reason));
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clear(timer);
      reject(abortError(signal.reason));
    };
    const timer = begin(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve(value);
    });
    if (!ref) timer.unref();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
};

const promised = {
  setTimeout(after, value, options) {
    try {
      if (after !== undefined) checkNumber("delay", after);
    } catch (error) {
      return Promise.reject(error);
    }
    return later((callback) => setTimeout(callback, after), clearTimeout)(value, options);
  },
  setImmediate: (value, options) => later((callback) => setImmediate(callback), clearImmediate)(value, options),
  async *setInterval(after, value, options = {}) {
    if (after !== undefined) checkNumber("delay", after);
    checkOptions(options);
    const { signal, ref = true } = options;
    if (signal?.aborted) throw abortError(signal.reason);
    let due = 0;
    let wake;
    const timer = setInterval(() => {
      due++;
      wake?.();
      wake = undefined;
    }, after);
    if (!ref) timer.unref();
    const onAbort = () => {
      clearInterval(timer);
      wake?.(Promise.reject(abortError(signal.reason)));
      wake = undefined;
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      while (!signal?.aborted) {
        if (due === 0) await new Promise((resolve) => (wake = resolve));
        for (; due > 0; due--) yield value;
      }
      throw abortError(signal?.reason);
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  },
};

class Scheduler {
  constructor() {
    throw nodeError(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor");
  }
  yield() {
    if (this !== scheduler) throw nodeError(TypeError, "ERR_INVALID_THIS", 'Value of "this" must be of type Scheduler');
    return promised.setImmediate();
  }
  wait(after, options) {
    if (this !== scheduler) throw nodeError(TypeError, "ERR_INVALID_THIS", 'Value of "this" must be of type Scheduler');
    if (typeof after !== "number") throw argumentType("delay", "of type number", after);
    return promised.setTimeout(after, undefined, options);
  }
}
const scheduler = Object.create(Scheduler.prototype);

module.exports = { ...promised, scheduler };
