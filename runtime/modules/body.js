// Bodies of requests and responses (Fetch standard, "Body").
//
// A body's bytes are either all there, or arrive in a Source: a queue that the
// network fills and one reader empties. What users see as `body` is a small
// stream over either: getReader(), cancel(), async iteration. The streams of the
// Streams standard take its place when the library has them.
const { viewOf, concat, decodeText, toUSVString, asInterface } = require("idl");
const { isBlob, blobBytes } = require("blob");
const { isFormData, encodeMultipart, parseForm } = require("form-data");
const asyncIterator = Symbol.asyncIterator;

class Source {
  #chunks = [];
  #isEnded = false;
  #hasFailed = false;
  #error;
  #waiting = [];
  #onCancel;

  constructor(onCancel) {
    this.#onCancel = onCancel;
  }
  push(chunk) {
    if (this.#isEnded) return;
    const reader = this.#waiting.shift();
    if (reader === undefined) this.#chunks.push(chunk);
    else reader.resolve({ value: chunk, done: false });
  }
  end() {
    this.#isEnded = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ value: undefined, done: true });
  }
  fail(error) {
    if (this.#isEnded) return;
    this.#isEnded = this.#hasFailed = true;
    this.#error = error;
    this.#chunks = [];
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
  cancel(reason) {
    if (this.#isEnded) return;
    this.#chunks = [];
    this.end();
    this.#onCancel?.(reason);
  }
  read() {
    if (this.#chunks.length > 0) return Promise.resolve({ value: this.#chunks.shift(), done: false });
    if (this.#hasFailed) return Promise.reject(this.#error);
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  async readAll() {
    const chunks = [];
    for (;;) {
      const { value, done } = await this.read();
      if (done) return concat(chunks);
      chunks.push(value);
    }
  }
  /** Two that both get everything. */
  tee() {
    const cancelled = [false, false];
    const branch = (i) =>
      new Source((reason) => {
        cancelled[i] = true;
        if (cancelled[1 - i]) this.cancel(reason);
      });
    const branches = [branch(0), branch(1)];
    const pump = async () => {
      for (;;) {
        const { value, done } = await this.read();
        if (done) break;
        for (const one of branches) one.push(value);
      }
      for (const one of branches) one.end();
    };
    pump().catch((error) => branches.forEach((one) => one.fail(error)));
    return branches;
  }
}

const sourceOf = (bytes) => {
  const source = new Source();
  if (bytes.length > 0) source.push(bytes);
  source.end();
  return source;
};

/** What is read of a body, and whether it has been. */
class Body {
  /* Exactly one of the two; after a stream was made, the source. */
  bytes;
  source;
  isUsed = false;
  stream = null;

  constructor({ bytes, source }) {
    this.bytes = bytes;
    this.source = source;
  }
  get isLocked() {
    return this.stream !== null && this.stream.locked;
  }
  /** The source, from now on this body's only form. */
  toSource() {
    if (this.source === undefined) {
      this.source = sourceOf(this.bytes);
      this.bytes = undefined;
    }
    return this.source;
  }
  async readAll() {
    this.isUsed = true;
    return this.bytes ?? this.source.readAll();
  }
  clone() {
    if (this.bytes !== undefined) return new Body({ bytes: this.bytes });
    const [mine, other] = this.source.tee();
    this.source = mine;
    this.stream = null;
    return new Body({ source: other });
  }
}

class ReadableStreamDefaultReader {
  #stream;
  #read;
  #release;
  #cancel;
  constructor(stream, read, release, cancel) {
    this.#stream = stream;
    this.#read = read;
    this.#release = release;
    this.#cancel = cancel;
  }
  read() {
    if (this.#stream === null) return Promise.reject(new TypeError("Invalid state: The reader is not attached to a stream"));
    return this.#read();
  }
  releaseLock() {
    if (this.#stream === null) return;
    this.#stream = null;
    this.#release();
  }
  async cancel(reason) {
    if (this.#stream !== null) this.#cancel(reason);
  }
}

class ReadableStream {
  #body;
  #isLocked = false;
  constructor(body) {
    this.#body = body;
  }
  get locked() {
    return this.#isLocked;
  }
  getReader(options) {
    if (options?.mode !== undefined) throw new TypeError("a reader of mode \"byob\" is not available");
    if (this.#isLocked) throw new TypeError("Invalid state: ReadableStream is locked");
    this.#isLocked = true;
    const body = this.#body;
    const read = () => {
      body.isUsed = true;
      return body.toSource().read();
    };
    return new ReadableStreamDefaultReader(
      this,
      read,
      () => (this.#isLocked = false),
      (reason) => this.#end(reason),
    );
  }
  #end(reason) {
    this.#body.isUsed = true;
    this.#body.toSource().cancel(reason);
  }
  async cancel(reason) {
    if (this.#isLocked) throw new TypeError("Invalid state: ReadableStream is locked");
    this.#end(reason);
  }
  async *[asyncIterator]() {
    const reader = this.getReader();
    let isDone = false;
    try {
      for (;;) {
        const { value, done } = await reader.read();
        isDone = done;
        if (done) return;
        yield value;
      }
    } finally {
      if (!isDone) await reader.cancel();
      reader.releaseLock();
    }
  }
  values() {
    return this[asyncIterator]();
  }
  static bodyOf(stream) {
    return typeof stream === "object" && stream !== null && #body in stream ? stream.#body : undefined;
  }
}
const { bodyOf } = ReadableStream;
delete ReadableStream.bodyOf;
asInterface(ReadableStream, ["locked"]);
asInterface(ReadableStreamDefaultReader);

const streamOf = (bytes) => {
  const body = new Body({ bytes });
  return (body.stream = new ReadableStream(body));
};

const fromIterable = (iterable) => {
  const source = new Source();
  const pump = async () => {
    for await (const chunk of iterable) {
      const bytes = typeof chunk === "string" ? native.utf8Encode(chunk) : viewOf(chunk)?.slice();
      if (bytes === undefined) throw new TypeError("Received non-Uint8Array chunk");
      source.push(bytes);
    }
    source.end();
  };
  pump().catch((error) => source.fail(error));
  return source;
};

/** Fetch standard, "extract a body": { body, type }; type null = no Content-Type of its own. */
const extract = (value) => {
  const { URLSearchParams } = require("whatwg-url");
  if (isBlob(value)) return { body: new Body({ bytes: blobBytes(value) }), type: value.type || null };
  const view = viewOf(value);
  if (view !== undefined) return { body: new Body({ bytes: view.slice() }), type: null };
  if (isFormData(value)) {
    const { bytes, type } = encodeMultipart(value);
    return { body: new Body({ bytes }), type };
  }
  if (value instanceof URLSearchParams)
    return { body: new Body({ bytes: native.utf8Encode(`${value}`) }), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  const other = bodyOf(value);
  if (other !== undefined) {
    if (other.isUsed || value.locked) throw new TypeError("Response body object should not be disturbed or locked");
    return { body: other, type: null };
  }
  if (typeof value === "object" && typeof value[asyncIterator] === "function")
    return { body: new Body({ source: fromIterable(value) }), type: null };
  return { body: new Body({ bytes: native.utf8Encode(toUSVString(value)) }), type: "text/plain;charset=UTF-8" };
};

/** What Request and Response have in common. `bodies.get(this)`: their Body or null; `contentType(this)`: text or null. */
const mixInto = (type, bodyFor, contentType) => {
  const unusable = (body) => body !== null && (body.isUsed || body.isLocked);
  const consume = async (owner, convert) => {
    const body = bodyFor(owner);
    if (unusable(body)) throw new TypeError("Body is unusable: Body has already been read");
    return convert(body === null ? new Uint8Array(0) : await body.readAll(), owner);
  };
  const copy = (bytes) => bytes.slice();
  const members = {
    get body() {
      const body = bodyFor(this);
      return body === null ? null : (body.stream ??= new ReadableStream(body));
    },
    get bodyUsed() {
      return bodyFor(this)?.isUsed ?? false;
    },
    arrayBuffer() {
      return consume(this, (bytes) => copy(bytes).buffer);
    },
    blob() {
      const { Blob } = require("blob");
      return consume(this, (bytes) => new Blob([bytes], { type: contentType(this) ?? "" }));
    },
    bytes() {
      return consume(this, copy);
    },
    formData() {
      return consume(this, (bytes) => {
        const given = contentType(this);
        const form = given === null ? undefined : parseForm(bytes, given);
        if (form === undefined) throw new TypeError('Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".');
        return form;
      });
    },
    json() {
      return consume(this, (bytes) => JSON.parse(decodeText(bytes)));
    },
    text() {
      return consume(this, decodeText);
    },
  };
  Object.defineProperties(type.prototype, Object.getOwnPropertyDescriptors(members));
  return unusable;
};

module.exports = { Source, Body, extract, mixInto, streamOf };
