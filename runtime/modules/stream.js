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

/** Two ends: what is written to one is read from the other. */
stream.duplexPair = (options) => {
  const ends = [];
  const makeEnd = (index) => {
    let whenRead;
    const other = () => ends[1 - index];
    const end = new Duplex({
      ...options,
      read() {
        const call = whenRead;
        whenRead = undefined;
        call?.();
      },
      write(chunk, encoding, callback) {
        if (chunk.length === 0) return void process.nextTick(callback);
        other().deliver(chunk, callback);
      },
      final(callback) {
        other().stream.on("end", callback);
        other().stream.push(null);
      },
    });
    const deliver = (chunk, callback) => {
      end.push(chunk);
      whenRead = callback;
    };
    return { stream: end, deliver };
  };
  ends.push(makeEnd(0), makeEnd(1));
  return ends.map((end) => end.stream);
};

module.exports = stream;
