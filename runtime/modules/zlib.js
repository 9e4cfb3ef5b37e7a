// Node's zlib: each of its streams is a Transform over a codec of the native side.
const { Buffer, kMaxLength } = require("buffer");
const { viewOf } = require("idl");
const { argumentType, checkFunction, checkInteger, nodeError, outOfRange } = require("node-errors");
const { Transform, finished } = require("stream");
const { constants, codes, brotliErrors } = require("zlib-constants");
const { zlibNew, zlibParameter, zlibParams, zlibReset, zlibWrite, zlibClose } = native;

const { DEFLATE, INFLATE, GZIP, GUNZIP, DEFLATERAW, INFLATERAW, UNZIP, BROTLI_DECODE, BROTLI_ENCODE } = constants;
const empty = Buffer.alloc(0);

const numberIn = (options, name, least, most, otherwise) => {
  const value = options[name];
  if (value === undefined) return otherwise;
  if (typeof value !== "number") throw argumentType(`options.${name}`, "of type number", value);
  if (Number.isNaN(value)) return otherwise;
  if (value < least || value > most || !Number.isFinite(value) ) throw outOfRange(`options.${name}`, most === Infinity ? `>= ${least}` : `>= ${least} and <= ${most}`, value);
  return value;
};

const bytesOf = (name, value) => {
  if (typeof value === "string") return Buffer.from(value);
  const view = viewOf(value);
  if (view === undefined) throw argumentType(name, "of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer", value);
  return view;
};

const failure = (isBrotli, status, message) => {
  const name = isBrotli ? (brotliErrors[status] ?? "ERR_BROTLI_COMPRESSION_FAILED") : codes[status];
  const error = new Error(message);
  error.errno = status;
  error.code = isBrotli ? (brotliErrors[status] === undefined ? name : `ERR_${name.replace(/^ERROR_/, "")}`) : name;
  return error;
};

const endedEarly = () => {
  const error = new Error("unexpected end of file");
  error.errno = constants.Z_BUF_ERROR;
  error.code = "Z_BUF_ERROR";
  return error;
};
const tooLarge = (most) => nodeError(RangeError, "ERR_BUFFER_TOO_LARGE", `Cannot create a Buffer larger than ${most} bytes`);

/** What all have in common: the codec, and feeding it. */
class ZlibBase extends Transform {
  constructor(options, mode, { flush, finishFlush, fullFlush, open }) {
    const { maxOutputLength, chunkSize } = options;
    super({ autoDestroy: true, ...options });
    const isBrotli = mode >= BROTLI_DECODE;
    const [least, most] = isBrotli ? [0, 3] : [0, 5];
    this._mode = mode;
    this._isBrotli = isBrotli;
    this._isDecoder = [INFLATE, GUNZIP, INFLATERAW, UNZIP, BROTLI_DECODE].includes(mode);
    this._chunkSize = numberIn({ chunkSize }, "chunkSize", 64, Infinity, 16384);
    this._defaultFlushFlag = numberIn(options, "flush", least, most, flush);
    this._finishFlushFlag = numberIn(options, "finishFlush", least, most, finishFlush);
    this._defaultFullFlushFlag = fullFlush;
    this._maxOutputLength = numberIn({ maxOutputLength }, "maxOutputLength", 1, kMaxLength, kMaxLength);
    this._info = Boolean(options.info);
    this._produced = 0;
    this._ended = false;
    this._hasRead = false;
    this.bytesWritten = 0;
    this._handle = open();
    this._open = open;
    if (this._handle === undefined) throw nodeError(Error, isBrotli ? "ERR_ZLIB_INITIALIZATION_FAILED" : "ERR_ZLIB_INITIALIZATION_FAILED", "Initialization failed");
  }

  get _closed() {
    return this._handle === null;
  }
  get bytesRead() {
    return this.bytesWritten;
  }

  /** Feeds bytes; `give` gets each piece of output. Bytes after a gzip member begin the next one. */
  _work(bytes, flag, give) {
    const { _chunkSize: most } = this;
    const piece = Math.min(most, 1 << 20);
    let from = 0;
    for (;;) {
      if (this._handle === null) return;
      if (this._ended) {
        if (from >= bytes.length) return;
        if ((this._mode !== GUNZIP && this._mode !== UNZIP) || bytes[from] === 0) {
          return; // what follows is not ours
        }
        zlibReset(this._handle);
        this._ended = false;
      }
      const [output, read, isEnd, status, message] = zlibWrite(this._handle, flag, bytes, from, piece);
      from += read;
      this.bytesWritten += read;
      if (read > 0) this._hasRead = true;
      if (status !== 0) throw failure(this._isBrotli, status, message);
      if (output.length > 0) {
        this._produced += output.length;
        if (this._produced > this._maxOutputLength) throw tooLarge(this._maxOutputLength);
        give(Buffer.from(output.buffer, output.byteOffset, output.byteLength));
      }
      if (isEnd) {
        this._ended = true;
        continue;
      }
      if (output.length < piece && from >= bytes.length) return;
      if (output.length === 0 && read === 0) return;
    }
  }

  /** The input is over: what is not at its end is cut off. */
  _finish(give) {
    this._work(empty, this._finishFlushFlag, give);
    const isLenient = this._finishFlushFlag !== (this._isBrotli ? constants.BROTLI_OPERATION_FINISH : constants.Z_FINISH);
    if (this._isDecoder && !this._ended && !isLenient && (this._hasRead || this._needsInput)) throw endedEarly();
  }

  _transform(chunk, encoding, callback) {
    const flag = typeof chunk[flushFlag] === "number" ? chunk[flushFlag] : this._defaultFlushFlag;
    try {
      this._work(chunk, flag, (output) => this.push(output));
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }
  _flush(callback) {
    try {
      this._finish((output) => this.push(output));
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }
  _final(callback) {
    callback();
  }
  _destroy(error, callback) {
    this._close();
    callback(error);
  }
  _close() {
    if (this._handle !== null) zlibClose(this._handle);
    this._handle = null;
  }
  flush(kind, callback) {
    if (typeof kind === "function" || (kind === undefined && callback === undefined)) {
      callback = kind;
      kind = this._defaultFullFlushFlag;
    }
    if (this.writableFinished) {
      if (callback) queueMicrotask(callback);
    } else if (this.writableEnded) {
      if (callback) this.once("end", callback);
    } else {
      const marker = Buffer.alloc(0);
      marker[flushFlag] = kind;
      this.write(marker, "", callback);
    }
  }
  close(callback) {
    if (callback) finished(this, callback);
    this.destroy();
  }
  reset() {
    if (this._handle === null) throw nodeError(Error, "ERR_INTERNAL_ASSERTION", "zlib binding closed");
    zlibReset(this._handle);
    this._ended = false;
    this._hasRead = false;
  }
  params(level, strategy, callback) {
    checkInteger("level", level, -1, 9);
    checkInteger("strategy", strategy, 0, 4);
    this.flush(constants.Z_SYNC_FLUSH, () => {
      if (this._handle !== null) zlibParams(this._handle, level, strategy);
      this._level = level;
      this._strategy = strategy;
      callback?.(null);
    });
  }
}
const flushFlag = Symbol("flush");

const openZlib = (options, mode) => {
  const windowBits =
    (mode === INFLATE || mode === GUNZIP || mode === UNZIP) && (options.windowBits === 0 || options.windowBits === undefined || options.windowBits === null)
      ? 15
      : numberIn(options, "windowBits", mode === GZIP ? 9 : 8, 15, 15);
  const level = numberIn(options, "level", -1, 9, -1);
  const memLevel = numberIn(options, "memLevel", 1, 9, 8);
  const strategy = numberIn(options, "strategy", 0, 4, 0);
  let { dictionary } = options;
  if (dictionary !== undefined) {
    const view = typeof dictionary === "string" ? undefined : viewOf(dictionary);
    if (view === undefined) throw argumentType("options.dictionary", "an instance of Buffer, TypedArray, DataView, or ArrayBuffer", dictionary);
    dictionary = view;
  }
  /* zlib makes a raw stream of 256 bytes' window wrong, and says so in its manual. */
  const bits = mode === DEFLATERAW && windowBits === 8 ? 9 : windowBits;
  return { level, strategy, open: () => zlibNew(mode, level, bits, memLevel, strategy, dictionary) };
};

class Zlib extends ZlibBase {
  constructor(given, mode) {
    const options = given ?? {};
    const { level, strategy, open } = openZlib(options, mode);
    super(options, mode, { flush: constants.Z_NO_FLUSH, finishFlush: constants.Z_FINISH, fullFlush: constants.Z_FULL_FLUSH, open });
    this._level = level;
    this._strategy = strategy;
    this._needsInput = true;
  }
}

class Brotli extends ZlibBase {
  constructor(given, mode) {
    const options = given ?? {};
    const open = () => {
      const handle = zlibNew(mode);
      for (const [key, value] of Object.entries(options.params ?? {})) {
        const id = Number(key);
        if (Number.isNaN(id) || id < 0 || id > 9) throw nodeError(RangeError, "ERR_BROTLI_INVALID_PARAM", `${key} is not a valid Brotli parameter`);
        if (typeof value !== "number" && typeof value !== "boolean") throw argumentType("options.params[key]", "of type number", value);
        if (!zlibParameter(handle, id, Number(value))) throw nodeError(Error, "ERR_ZLIB_INITIALIZATION_FAILED", "Initialization failed");
      }
      return handle;
    };
    super(options, mode, { flush: constants.BROTLI_OPERATION_PROCESS, finishFlush: constants.BROTLI_OPERATION_FINISH, fullFlush: constants.BROTLI_OPERATION_FLUSH, open });
    this._needsInput = true;
  }
}

/** A class of Node's that may be called without `new`. */
const classOf = (name, Base, mode) => {
  const type = {
    [name]: function (options) {
      return Reflect.construct(Base, [options, mode], new.target ?? type);
    },
  }[name];
  Object.setPrototypeOf(type, Base);
  type.prototype = Object.create(Base.prototype, { constructor: { value: type, writable: true, configurable: true } });
  return type;
};

const classes = {
  Deflate: classOf("Deflate", Zlib, DEFLATE),
  Inflate: classOf("Inflate", Zlib, INFLATE),
  Gzip: classOf("Gzip", Zlib, GZIP),
  Gunzip: classOf("Gunzip", Zlib, GUNZIP),
  DeflateRaw: classOf("DeflateRaw", Zlib, DEFLATERAW),
  InflateRaw: classOf("InflateRaw", Zlib, INFLATERAW),
  Unzip: classOf("Unzip", Zlib, UNZIP),
  BrotliCompress: classOf("BrotliCompress", Brotli, BROTLI_ENCODE),
  BrotliDecompress: classOf("BrotliDecompress", Brotli, BROTLI_DECODE),
};

const runSync = (type, input, options) => {
  const bytes = bytesOf("buffer", input);
  const codec = new type(options);
  const pieces = [];
  try {
    const give = (output) => pieces.push(output);
    codec._work(bytes, codec._finishFlushFlag, give);
    if (!codec._ended) codec._finish(give);
    else if (codec._isDecoder === false) codec._finish(give);
  } finally {
    codec._close();
  }
  const buffer = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  return codec._info ? { buffer, engine: codec } : buffer;
};

const functions = {};
for (const [name, type] of Object.entries(classes)) {
  const lower = name[0].toLowerCase() + name.slice(1);
  const custom = Symbol.for("nodejs.util.promisify.custom");
  functions[`create${name}`] = (options) => new type(options);
  const sync = { [`${lower}Sync`]: (buffer, options) => runSync(type, buffer, options ?? {}) }[`${lower}Sync`];
  functions[`${lower}Sync`] = sync;
  functions[lower] = {
    [lower](buffer, options, callback) {
      if (typeof options === "function") {
        callback = options;
        options = {};
      }
      checkFunction("callback", callback);
      bytesOf("buffer", buffer);
      new type(options)._close();
      setImmediate(() => {
        let result;
        try {
          result = runSync(type, buffer, options ?? {});
        } catch (error) {
          callback(error);
          return;
        }
        callback(null, result);
      });
    },
  }[lower];
  Object.defineProperty(functions[lower], custom, {
    value: (buffer, options) =>
      new Promise((resolve, reject) => functions[lower](buffer, options ?? {}, (error, result) => (error ? reject(error) : resolve(result)))),
  });
}

const crc32 = (data, value = 0) => {
  if (typeof data !== "string" && viewOf(data) === undefined) throw argumentType("data", "of type string or an instance of Buffer, TypedArray, or DataView", data);
  checkInteger("value", value, 0, 2 ** 32 - 1);
  return native.crc32(typeof data === "string" ? data : viewOf(data), value);
};

module.exports = { ...classes, ...functions, crc32, constants, codes };
for (const [name, value] of Object.entries(constants))
  if (!name.startsWith("BROTLI_")) Object.defineProperty(module.exports, name, { value, enumerable: false });
