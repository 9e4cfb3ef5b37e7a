// Hashes, ciphers and signatures are streams in Node. Few are used so, and the stream module is large: a class becomes one
// when the first of a stream's members is touched on one of its objects.
const members = [
  "pipe", "unpipe", "on", "once", "off", "addListener", "prependListener", "prependOnceListener", "removeListener", "removeAllListeners", "emit",
  "listeners", "listenerCount", "eventNames", "setMaxListeners", "write", "end", "cork", "uncork", "read", "push", "unshift", "destroy", "pause", "resume",
  "isPaused", "setEncoding", "setDefaultEncoding", "readable", "writable", "destroyed", "readableEnded", "writableEnded", "readableFlowing", "writableLength",
  "readableLength", "_readableState", "_writableState", "_events", Symbol.asyncIterator,
];

/** An object's own states are made when they are looked at. */
const makeLazily = (prototype, Base, name) =>
  Object.defineProperty(prototype, name, {
    configurable: true,
    get() {
      Base.call(this, this._options);
      return this[name];
    },
    set(value) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    },
  });

/** `base` names the kind of stream ("Transform", "Writable"); `methods` are its _transform, _flush or _write. */
const streamsLazily = (type, base, methods) => {
  const { prototype } = type;
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  const become = () => {
    for (const name of members) delete prototype[name];
    const Base = require("stream")[base];
    Object.setPrototypeOf(prototype, Base.prototype);
    for (const name of base === "Writable" ? ["_writableState"] : ["_readableState", "_writableState"]) makeLazily(prototype, Base, name);
  };
  for (const name of members)
    Object.defineProperty(prototype, name, {
      configurable: true,
      get() {
        become();
        return this[name];
      },
      set(value) {
        Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
      },
    });
};

/** A Transform of what update() and the end give. */
const transformsBy = (update, end) => ({
  _transform(chunk, encoding, callback) {
    let error = null;
    try {
      const out = update(this, chunk, encoding);
      if (out !== undefined) this.push(out);
    } catch (thrown) {
      error = thrown;
    }
    callback(error);
  },
  _flush(callback) {
    let error = null;
    try {
      this.push(end(this));
    } catch (thrown) {
      error = thrown;
    }
    callback(error);
  },
});

module.exports = { streamsLazily, transformsBy };
