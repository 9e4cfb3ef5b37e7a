// The DOM standard's AbortController and AbortSignal.
const { EventTarget, Event, fire, defineHandler } = require("event-target");
const { DOMException } = require("dom-exception");
const { need, invalid, asInterface } = require("idl");

const key = Symbol("AbortSignal");

class AbortSignal extends EventTarget {
  #isAborted = false;
  #reason;
  #actions = new Set(); // of the runtime library: run before the event
  #dependents = new Set(); // signals made of this one by any()
  #sources = new Set();

  constructor(secret) {
    if (secret !== key) throw invalid("Illegal constructor", "ERR_ILLEGAL_CONSTRUCTOR");
    super();
  }
  get aborted() {
    return this.#isAborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#isAborted) throw this.#reason;
  }

  static abort(reason = new DOMException("This operation was aborted", "AbortError")) {
    const signal = new AbortSignal(key);
    signal.#isAborted = true;
    signal.#reason = reason;
    return signal;
  }
  static timeout(delay) {
    need(1, arguments.length, "AbortSignal.timeout");
    const ms = Number(delay);
    if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) {
      const error = new RangeError(`The value of "delay" is out of range. It must be >= 0 && <= ${Number.MAX_SAFE_INTEGER}. Received ${String(delay)}`);
      throw Object.assign(error, { code: "ERR_OUT_OF_RANGE" });
    }
    const signal = new AbortSignal(key);
    const elapse = () => signalAbort(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    /* Like Node's, it does not keep an execution alive by itself. */
    native.setTimer(elapse, Math.max(1, Math.trunc(ms)), true);
    return signal;
  }
  static any(signals) {
    need(1, arguments.length, "AbortSignal.any");
    const result = new AbortSignal(key);
    const list = [...signals];
    for (const signal of list) if (!isSignal(signal)) throw invalid('The "signals" argument must be an iterable of AbortSignal.');
    const aborted = list.find((signal) => signal.#isAborted);
    if (aborted !== undefined) {
      result.#isAborted = true;
      result.#reason = aborted.#reason;
      return result;
    }
    for (const signal of list)
      for (const source of signal.#sources.size > 0 ? signal.#sources : [signal]) {
        result.#sources.add(source);
        source.#dependents.add(result);
      }
    return result;
  }

  #mark(reason) {
    this.#isAborted = true;
    this.#reason = reason;
  }
  #run() {
    for (const action of this.#actions) action();
    this.#actions.clear();
    fire(this, new Event("abort"));
  }

  /* For this library only. */
  static isSignal(value) {
    return typeof value === "object" && value !== null && #isAborted in value;
  }
  static signalAbort(signal, reason) {
    if (signal.#isAborted) return;
    signal.#mark(reason);
    const dependents = [...signal.#dependents].filter((dependent) => !dependent.#isAborted);
    for (const dependent of dependents) dependent.#mark(reason);
    signal.#run();
    for (const dependent of dependents) dependent.#run();
  }
  static onAbort(signal, action) {
    signal.#actions.add(action);
    return () => void signal.#actions.delete(action);
  }
}
const { isSignal, signalAbort, onAbort } = AbortSignal;
delete AbortSignal.isSignal;
delete AbortSignal.signalAbort;
delete AbortSignal.onAbort;

class AbortController {
  #signal = new AbortSignal(key);
  get signal() {
    return this.#signal;
  }
  abort(reason = new DOMException("This operation was aborted", "AbortError")) {
    signalAbort(this.#signal, reason);
  }
}

asInterface(AbortSignal, ["aborted"]);
asInterface(AbortController, ["signal"]);
defineHandler(AbortSignal.prototype, "abort");

module.exports = { AbortController, AbortSignal, isSignal, onAbort };
