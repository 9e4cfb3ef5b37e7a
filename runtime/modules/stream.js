// Node's streams: Node's own code, as its authors publish it for other places, and the ways to the web's streams.
/* The package takes these when it is evaluated, and must have the same ones as events.js. */
for (const name of ["dispose", "asyncDispose"]) if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol.for(`Symbol.${name}`) });
/* The module is the class of streams before Readable, which old copies of readable-stream call as their base. */
const { Stream: stream } = require("npm:readable-stream");
const { Readable, Writable, Duplex } = stream;

const adapters = () => require("stream-adapters");
Object.assign(Readable, {
  toWeb: (...args) => adapters().readableToWeb(...args),
  fromWeb: (...args) => adapters().readableFromWeb(...args),
});
Object.assign(Writable, {
  toWeb: (...args) => adapters().writableToWeb(...args),
  fromWeb: (...args) => adapters().writableFromWeb(...args),
});
Object.assign(Duplex, {
  toWeb: (...args) => adapters().duplexToWeb(...args),
  fromWeb: (...args) => adapters().duplexFromWeb(...args),
});

let defaults = [16384, 16];
stream.getDefaultHighWaterMark = (isObjectMode) => defaults[isObjectMode ? 1 : 0];
stream.setDefaultHighWaterMark = (isObjectMode, value) => {
  require("node-errors").checkInteger("value", value, 0);
  defaults = isObjectMode ? [defaults[0], value] : [value, defaults[1]];
};
stream.isDestroyed ??= (value) => value?.destroyed ?? null;
stream.isWritable ??= (value) => value?.writable ?? null;

module.exports = stream;
