const EventEmitter = require("events");
const { AsyncResource } = require("async_hooks");

class EventEmitterAsyncResource extends EventEmitter {
  #resource;
  constructor(options = {}) {
    super(options);
    this.#resource = new AsyncResource(typeof options === "string" ? options : (options.name ?? new.target.name), options);
  }
  get asyncResource() {
    return this.#resource;
  }
  get asyncId() {
    return this.#resource.asyncId();
  }
  get triggerAsyncId() {
    return this.#resource.triggerAsyncId();
  }
  emit(name, ...args) {
    return this.#resource.runInAsyncScope(super.emit, this, name, ...args);
  }
  emitDestroy() {
    this.#resource.emitDestroy();
  }
}
module.exports = { EventEmitterAsyncResource };
