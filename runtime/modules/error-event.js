// HTML, "ErrorEvent" and "PromiseRejectionEvent": classes for code that makes events of its own.
const { Event } = require("event-target");
const { asInterface, need, toDictionary } = require("idl");

class ErrorEvent extends Event {
  #message;
  #filename;
  #lineno;
  #colno;
  #error;
  constructor(type, options) {
    need(1, arguments.length, "ErrorEvent");
    super(type, options);
    const { message = "", filename = "", lineno = 0, colno = 0, error } = toDictionary(options, "ErrorEvent");
    this.#message = `${message}`;
    this.#filename = `${filename}`;
    this.#lineno = lineno >>> 0;
    this.#colno = colno >>> 0;
    this.#error = error;
  }
  get message() {
    return this.#message;
  }
  get filename() {
    return this.#filename;
  }
  get lineno() {
    return this.#lineno;
  }
  get colno() {
    return this.#colno;
  }
  get error() {
    return this.#error;
  }
}
asInterface(ErrorEvent, ["type", "message", "filename", "lineno", "colno", "error"]);

class PromiseRejectionEvent extends Event {
  #promise;
  #reason;
  constructor(type, options) {
    need(2, arguments.length, "PromiseRejectionEvent");
    super(type, options);
    const { promise, reason } = toDictionary(options, "PromiseRejectionEvent");
    if (Object(promise) !== promise) throw new TypeError("PromiseRejectionEvent: promise must be an object");
    this.#promise = promise;
    this.#reason = reason;
  }
  get promise() {
    return this.#promise;
  }
  get reason() {
    return this.#reason;
  }
}
asInterface(PromiseRejectionEvent, ["type", "promise", "reason"]);

module.exports = { ErrorEvent, PromiseRejectionEvent };
