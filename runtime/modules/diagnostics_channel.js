// Named channels that libraries publish to, and others of the same execution may read.
const { argumentType, checkFunction } = require("node-errors");

const channels = new Map();

class Channel {
  #subscribers = [];
  #stores = new Map();
  constructor(name) {
    this.name = name;
  }
  get hasSubscribers() {
    return this.#subscribers.length > 0 || this.#stores.size > 0;
  }
  subscribe(callback) {
    checkFunction("subscription", callback);
    this.#subscribers = [...this.#subscribers, callback];
  }
  unsubscribe(callback) {
    const at = this.#subscribers.indexOf(callback);
    if (at < 0) return false;
    this.#subscribers = this.#subscribers.toSpliced(at, 1);
    return true;
  }
  bindStore(store, transform) {
    this.#stores.set(store, transform);
  }
  unbindStore(store) {
    return this.#stores.delete(store);
  }
  publish(message) {
    for (const callback of this.#subscribers)
      try {
        callback(message, this.name);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
  }
  runStores(message, callback, self, ...args) {
    let run = () => {
      this.publish(message);
      return Reflect.apply(callback, self, args);
    };
    for (const [store, transform] of this.#stores) {
      const inner = run;
      run = () => store.run(transform === undefined ? message : transform(message), inner);
    }
    return run();
  }
}

const channel = (name) => {
  if (typeof name !== "string" && typeof name !== "symbol") throw argumentType("channel", "of type string or symbol", name);
  let found = channels.get(name);
  if (found === undefined) channels.set(name, (found = new Channel(name)));
  return found;
};

const events = ["start", "end", "asyncStart", "asyncEnd", "error"];

class TracingChannel {
  constructor(given) {
    for (const event of events) this[event] = typeof given === "string" ? channel(`tracing:${given}:${event}`) : given[event];
  }
  get hasSubscribers() {
    return events.some((event) => this[event]?.hasSubscribers);
  }
  subscribe(handlers) {
    for (const event of events) if (handlers[event]) this[event]?.subscribe(handlers[event]);
  }
  unsubscribe(handlers) {
    return events.filter((event) => handlers[event]).every((event) => this[event]?.unsubscribe(handlers[event]));
  }
  traceSync(callback, context = {}, self, ...args) {
    return this.start.runStores(context, () => {
      try {
        return (context.result = Reflect.apply(callback, self, args));
      } catch (error) {
        context.error = error;
        this.error.publish(context);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }
  tracePromise(callback, context = {}, self, ...args) {
    const settle = (key, after) => (value) => {
      context[key] = value;
      if (key === "error") this.error.publish(context);
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
      return after(value);
    };
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(Reflect.apply(callback, self, args)).then(
          settle("result", (value) => value),
          settle("error", (error) => Promise.reject(error)),
        );
      } finally {
        this.end.publish(context);
      }
    });
  }
  traceCallback(callback, position = -1, context = {}, self, ...args) {
    const at = position < 0 ? args.length + position : position;
    const done = args[at];
    checkFunction("callback", done);
    args[at] = (...results) => {
      const [error, result] = results;
      if (error) {
        context.error = error;
        this.error.publish(context);
      } else context.result = result;
      return this.asyncStart.runStores(context, () => {
        try {
          return done(...results);
        } finally {
          this.asyncEnd.publish(context);
        }
      });
    };
    return this.traceSync(callback, context, self, ...args);
  }
}

module.exports = {
  channel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, callback) => channel(name).subscribe(callback),
  unsubscribe: (name, callback) => channels.get(name)?.unsubscribe(callback) ?? false,
  tracingChannel: (given) => new TracingChannel(given),
  Channel,
};
