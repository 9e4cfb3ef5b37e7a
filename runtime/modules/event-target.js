// The DOM standard's events, for targets without a tree.
const { need, invalid, toDictionary, asInterface } = require("idl");
const apply = Reflect.apply;

/* Web IDL's [LegacyUnforgeable]: every event has it as its own, with one getter for all. */
let unforgeable;

class Event {
  #type;
  #bubbles;
  #cancelable;
  #composed;
  #timeStamp = native.monotonicMs();
  static {
    const { get } = Object.getOwnPropertyDescriptor(Event.prototype, "isTrusted");
    unforgeable = { get, set: undefined, enumerable: true, configurable: false };
  }
  #state = { target: null, current: null, isDispatched: false, isStopped: false, isStoppedNow: false, isCanceled: false, isPassive: false, isTrusted: false };

  constructor(type, options) {
    need(1, arguments.length, "Event");
    const { bubbles, cancelable, composed } = toDictionary(options, "Event");
    this.#type = `${type}`;
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
    this.#composed = Boolean(composed);
    Object.defineProperty(this, "isTrusted", unforgeable);
  }
  get type() {
    return this.#type;
  }
  get target() {
    return this.#state.target;
  }
  get srcElement() {
    return this.#state.target;
  }
  get currentTarget() {
    return this.#state.current;
  }
  get bubbles() {
    return this.#bubbles;
  }
  get cancelable() {
    return this.#cancelable;
  }
  get composed() {
    return this.#composed;
  }
  get defaultPrevented() {
    return this.#state.isCanceled;
  }
  get returnValue() {
    return !this.#state.isCanceled;
  }
  set returnValue(value) {
    if (!value) this.preventDefault();
  }
  get cancelBubble() {
    return this.#state.isStopped;
  }
  set cancelBubble(value) {
    if (value) this.#state.isStopped = true;
  }
  get eventPhase() {
    return this.#state.current === null ? 0 : 2;
  }
  get isTrusted() {
    return this.#state.isTrusted;
  }
  get timeStamp() {
    return this.#timeStamp;
  }
  composedPath() {
    return this.#state.current === null ? [] : [this.#state.current];
  }
  stopPropagation() {
    this.#state.isStopped = true;
  }
  stopImmediatePropagation() {
    this.#state.isStopped = this.#state.isStoppedNow = true;
  }
  preventDefault() {
    if (this.#cancelable && !this.#state.isPassive) this.#state.isCanceled = true;
  }
  initEvent(type, bubbles = false, cancelable = false) {
    need(1, arguments.length, "Event.initEvent");
    if (this.#state.isDispatched) return;
    this.#type = `${type}`;
    this.#bubbles = Boolean(bubbles);
    this.#cancelable = Boolean(cancelable);
    this.#state.isStopped = this.#state.isStoppedNow = this.#state.isCanceled = false;
    this.#state.target = null;
  }

  /* For this module only. */
  static inner(event) {
    return event.#state;
  }
  static isEvent(value) {
    return typeof value === "object" && value !== null && #state in value;
  }
}
const { isEvent, inner } = Event;
delete Event.isEvent;
delete Event.inner;
for (const [name, value] of Object.entries({ NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 }))
  for (const owner of [Event, Event.prototype]) Object.defineProperty(owner, name, { value, enumerable: true });

class CustomEvent extends Event {
  #detail;
  constructor(type, options) {
    need(1, arguments.length, "CustomEvent");
    super(type, options);
    this.#detail = options?.detail ?? null;
  }
  get detail() {
    return this.#detail;
  }
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    need(1, arguments.length, "CustomEvent.initCustomEvent");
    if (inner(this).isDispatched) return;
    this.initEvent(type, bubbles, cancelable);
    this.#detail = detail;
  }
}

/** An exception of a listener is the realm's, not the dispatcher's: like an unhandled rejection. */
const report = (error) => void Promise.reject(error);

class EventTarget {
  #listeners = new Map(); // type -> [{ callback, capture, once, passive, isRemoved }]

  addEventListener(type, callback, options) {
    need(2, arguments.length, "EventTarget.addEventListener");
    const { capture, once, passive, signal } = typeof options === "boolean" ? { capture: options } : (options ?? {});
    if (callback !== null && callback !== undefined && typeof callback !== "function" && typeof callback !== "object")
      throw invalid(`The "listener" argument must be an instance of EventListener. Received ${typeof callback}`);
    if (signal !== undefined && typeof signal?.aborted !== "boolean")
      throw invalid('The "options.signal" property must be an instance of AbortSignal.');
    if (signal?.aborted || callback === null || callback === undefined) return;

    const key = `${type}`;
    let list = this.#listeners.get(key);
    if (list === undefined) this.#listeners.set(key, (list = []));
    if (list.some((entry) => entry.callback === callback && entry.capture === Boolean(capture))) return;
    list.push({ callback, capture: Boolean(capture), once: Boolean(once), passive: Boolean(passive), isRemoved: false });
    signal?.addEventListener("abort", () => this.removeEventListener(type, callback, options), { once: true });
  }

  removeEventListener(type, callback, options) {
    need(2, arguments.length, "EventTarget.removeEventListener");
    const capture = Boolean(typeof options === "boolean" ? options : options?.capture);
    const list = this.#listeners.get(`${type}`) ?? [];
    const at = list.findIndex((entry) => entry.callback === callback && entry.capture === capture);
    if (at < 0) return;
    list[at].isRemoved = true;
    list.splice(at, 1);
  }

  dispatchEvent(event) {
    need(1, arguments.length, "EventTarget.dispatchEvent");
    if (!isEvent(event)) throw invalid('The "event" argument must be an instance of Event.');
    const state = inner(event);
    if (state.isDispatched) {
      const { DOMException } = require("dom-exception");
      throw new DOMException("The event is already being dispatched", "InvalidStateError");
    }
    state.isTrusted = false;
    return this.#dispatch(event, state);
  }

  #dispatch(event, state) {
    state.target = state.current = this;
    state.isDispatched = true;
    const list = this.#listeners.get(event.type) ?? [];
    const before = list.filter((entry) => entry.capture);
    for (const entry of [...before, ...list.filter((one) => !one.capture)]) {
      if (state.isStoppedNow) break;
      if (!entry.isRemoved) this.#call(entry, event, state);
    }
    state.current = null;
    state.isDispatched = state.isStopped = state.isStoppedNow = false;
    return !state.isCanceled;
  }

  #call(entry, event, state) {
    const { callback } = entry;
    if (entry.once) this.removeEventListener(event.type, callback, entry.capture);
    state.isPassive = entry.passive;
    try {
      const result = typeof callback === "function" ? apply(callback, this, [event]) : callback.handleEvent(event);
      if (typeof result?.then === "function") result.then(undefined, report);
    } catch (error) {
      report(error);
    }
    state.isPassive = false;
  }

  static isTarget(value) {
    return typeof value === "object" && value !== null && #listeners in value;
  }
  /** An event of the runtime library's own. */
  static fire(target, event) {
    inner(event).isTrusted = true;
    target.#dispatch(event, inner(event));
  }
}
const { fire, isTarget } = EventTarget;
delete EventTarget.fire;
delete EventTarget.isTarget;

/** `target.onNAME`: `afterSet` runs when one was set. Keeps the place among the listeners of when it was first set. */
const defineHandler = (prototype, type, afterSet = undefined) => {
  const handlers = new WeakMap();
  const check = (target) => {
    if (!isTarget(target)) throw invalid(`on${type}: "this" is not an EventTarget`, "ERR_INVALID_THIS");
  };
  const name = `on${type}`;
  /* A literal, so that the accessors have their names. */
  const accessors = {
    get [name]() {
      check(this);
      return handlers.get(this)?.callback ?? null;
    },
    set [name](value) {
      check(this);
      const callback = typeof value === "function" || (typeof value === "object" && value !== null) ? value : null;
      let handler = handlers.get(this);
      if (handler === undefined) {
        handler = { callback: null, listen: (event) => typeof handler.callback === "function" && apply(handler.callback, this, [event]) };
        handlers.set(this, handler);
      }
      if (callback === null) this.removeEventListener(type, handler.listen);
      else if (handler.callback === null) this.addEventListener(type, handler.listen);
      handler.callback = callback;
      afterSet?.(this);
    },
  };
  Object.defineProperty(prototype, name, Object.getOwnPropertyDescriptor(accessors, name));
};

asInterface(Event, ["type", "defaultPrevented", "cancelable", "timeStamp"]);
asInterface(CustomEvent, ["type", "defaultPrevented", "cancelable", "timeStamp", "detail"]);
asInterface(EventTarget);

module.exports = { Event, CustomEvent, EventTarget, fire, defineHandler };
