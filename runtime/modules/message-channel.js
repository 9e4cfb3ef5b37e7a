// MessageChannel, MessagePort and BroadcastChannel of the HTML standard, within one realm.
const { asInterface, need, toDictionary } = require("idl");
const { Event, EventTarget, defineHandler } = require("event-target");
const { structuredClone, cloneWith, transferOf } = require("structured-clone");
const { setTimer } = native;

class MessageEvent extends Event {
  #data;
  #origin;
  #lastEventId;
  #source;
  #ports;
  constructor(type, options) {
    need(1, arguments.length, "MessageEvent");
    super(type, options);
    const { data = null, origin = "", lastEventId = "", source = null, ports = [] } = toDictionary(options, "MessageEvent");
    this.#data = data;
    this.#origin = `${origin}`;
    this.#lastEventId = `${lastEventId}`;
    this.#source = source;
    this.#ports = Object.freeze([...ports]);
  }
  get data() {
    return this.#data;
  }
  get origin() {
    return this.#origin;
  }
  get lastEventId() {
    return this.#lastEventId;
  }
  get source() {
    return this.#source;
  }
  get ports() {
    return this.#ports;
  }
}
asInterface(MessageEvent, ["data", "origin", "lastEventId", "source", "ports"]);

const secret = Symbol("port");

class MessagePort extends EventTarget {
  #queue = [];
  #other = null;
  #isStarted = false;
  #isClosed = false;
  #isMoved = false; // it is another object now
  #wrapped = new Map();
  constructor(key) {
    if (key !== secret) throw new TypeError("Illegal constructor");
    super();
  }
  static pair() {
    const ports = [new MessagePort(secret), new MessagePort(secret)];
    [ports[0].#other, ports[1].#other] = [ports[1], ports[0]];
    return ports;
  }
  static isPort(value) {
    return #isClosed in value;
  }
  /** [the port at its new place, what makes the old one empty] */
  static movePort(port, dataError) {
    if (port.#isMoved) throw dataError("A port of the transfer list has been transferred before.");
    const moved = new MessagePort(secret);
    const finish = () => {
      [moved.#queue, moved.#other, moved.#isClosed] = [port.#queue, port.#other, port.#isClosed];
      if (moved.#other !== null) moved.#other.#other = moved;
      [port.#queue, port.#other, port.#isClosed, port.#isMoved] = [[], null, true, true];
    };
    return [moved, finish];
  }
  postMessage(message, options = undefined) {
    need(1, arguments.length, "postMessage");
    const transfer = Array.isArray(options) ? options : transferOf(options, "postMessage");
    const { value: data, ports } = cloneWith(message, transfer, this);
    const other = this.#other;
    if (other === null || other.#isClosed) return;
    other.#queue.push({ data, ports });
    other.#deliverLater();
  }
  #deliverLater() {
    if (!this.#isStarted || this.#queue.length === 0) return;
    setTimer(() => this.#deliver(), 0, true);
  }
  #deliver() {
    const message = this.#isClosed ? undefined : this.#queue.shift();
    if (message !== undefined) this.dispatchEvent(new MessageEvent("message", message));
  }
  start() {
    if (this.#isStarted) return;
    this.#isStarted = true;
    for (let i = 0; i < this.#queue.length; i++) setTimer(() => this.#deliver(), 0, true);
  }
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const other = this.#other;
    setTimer(() => {
      this.dispatchEvent(new Event("close"));
      other?.close();
    }, 0, true);
  }
  takeOne() {
    const message = this.#queue.shift();
    return message === undefined ? undefined : { message: message.data };
  }
  ref() {}
  unref() {}
  hasRef() {
    return this.#isStarted && !this.#isClosed;
  }
  on(type, callback) {
    const listener = type === "message" ? (event) => callback(event.data) : callback;
    this.#wrapped.set(callback, listener);
    this.addEventListener(type, listener);
    if (type === "message") this.start();
    return this;
  }
  once(type, callback) {
    const listener = (event) => callback(type === "message" ? event.data : event);
    this.addEventListener(type, listener, { once: true });
    if (type === "message") this.start();
    return this;
  }
  off(type, callback) {
    this.removeEventListener(type, this.#wrapped.get(callback) ?? callback);
    return this;
  }
  addListener(type, callback) {
    return this.on(type, callback);
  }
  removeListener(type, callback) {
    return this.off(type, callback);
  }
}
const { pair, isPort, movePort } = MessagePort;
delete MessagePort.pair;
delete MessagePort.isPort;
delete MessagePort.movePort;
asInterface(MessagePort);
defineHandler(MessagePort.prototype, "message", (port) => port.start());
defineHandler(MessagePort.prototype, "messageerror");

class MessageChannel {
  #ports = pair();
  get port1() {
    return this.#ports[0];
  }
  get port2() {
    return this.#ports[1];
  }
}
asInterface(MessageChannel, ["port1", "port2"]);

const channels = new Map();

class BroadcastChannel extends EventTarget {
  #name;
  #isClosed = false;
  constructor(name) {
    need(1, arguments.length, "BroadcastChannel");
    super();
    this.#name = `${name}`;
    if (!channels.has(this.#name)) channels.set(this.#name, new Set());
    channels.get(this.#name).add(this);
  }
  get name() {
    return this.#name;
  }
  postMessage(message) {
    need(1, arguments.length, "postMessage");
    if (this.#isClosed) {
      const { DOMException } = require("dom-exception");
      throw new DOMException("BroadcastChannel is closed.", "InvalidStateError");
    }
    for (const other of channels.get(this.#name)) {
      if (other === this) continue;
      const data = structuredClone(message);
      setTimer(() => other.#isClosed || other.dispatchEvent(new MessageEvent("message", { data })), 0, true);
    }
  }
  close() {
    this.#isClosed = true;
    channels.get(this.#name)?.delete(this);
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}
asInterface(BroadcastChannel);
for (const type of ["message", "messageerror"]) defineHandler(BroadcastChannel.prototype, type);

module.exports = { MessageChannel, MessagePort, MessageEvent, BroadcastChannel, isPort, movePort };
