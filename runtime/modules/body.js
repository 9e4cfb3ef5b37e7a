// Bodies of requests and responses (Fetch standard, "Body").
//
// A body's bytes are either all there, or arrive in a Source: a queue that the
// network fills and one reader empties. The Streams standard's stream over either
// is made when somebody asks for `body`: most code never does.
const { viewOf, concat, decodeText, toUSVString } = require("idl");
const { isBlob, blobBytes } = require("blob");
const { isFormData, encodeMultipart, parseForm } = require("form-data");
const asyncIterator = Symbol.asyncIterator;

const mostQueued = 1 << 20;

class Source {
  #chunks = [];
  #isEnded = false;
  #hasFailed = false;
  #error;
  #waiting = [];
  #onCancel;
  #hold;
  #queued = 0;
  #isHeld = false;

  /** `hold(true)` asks the network to wait: nobody reads. */
  constructor(onCancel, hold) {
    this.#onCancel = onCancel;
    this.#hold = hold;
  }
  push(chunk) {
    if (this.#isEnded) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader.resolve({ value: chunk, done: false });
      return;
    }
    this.#chunks.push(chunk);
    this.#queued += chunk.byteLength;
    if (!this.#isHeld && this.#queued > mostQueued && this.#hold !== undefined) {
      this.#isHeld = true;
      this.#hold(true);
    }
  }
  #next() {
    const chunk = this.#chunks.shift();
    this.#queued -= chunk.byteLength;
    if (this.#isHeld && this.#queued < mostQueued / 4) {
      this.#isHeld = false;
      this.#hold(false);
    }
    return chunk;
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
    if (this.#chunks.length > 0) return Promise.resolve({ value: this.#next(), done: false });
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

const webStreams = () => require("web-streams");
const isStream = (value) => typeof value === "object" && value !== null && typeof value.getReader === "function" && value instanceof webStreams().ReadableStream;

/** A stream that reads a source as its own reader asks. */
const streamFrom = (source) => {
  const { ReadableStream } = webStreams();
  return new ReadableStream(
    {
      type: "bytes",
      async pull(controller) {
        for (;;) {
          const { value, done } = await source.read();
          if (done) {
            controller.close();
            controller.byobRequest?.respond(0);
            return;
          }
          if (value.byteLength === 0) continue;
          controller.enqueue(value);
          return;
        }
      },
      cancel(reason) {
        source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
};

const readStream = async (stream) => {
  const reader = stream.getReader();
  const chunks = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return concat(chunks);
    if (Object.prototype.toString.call(value) !== "[object Uint8Array]") {
      const error = new TypeError("Received non-Uint8Array chunk");
      reader.cancel(error).catch(() => {});
      throw error;
    }
    chunks.push(value);
  }
};

/** What is read of a body, and whether it has been. It is bytes, a source, or once somebody has seen it, a stream. */
class Body {
  bytes;
  source;
  stream;
  #isTaken = false;

  constructor({ bytes, source, stream }) {
    this.bytes = bytes;
    this.source = source;
    this.stream = stream;
  }
  get isUsed() {
    return this.#isTaken || (this.stream?._disturbed ?? false);
  }
  get isLocked() {
    return this.stream?.locked ?? false;
  }
  take() {
    this.#isTaken = true;
  }
  toStream() {
    this.stream ??= streamFrom(this.source ?? sourceOf(this.bytes.slice()));
    return this.stream;
  }
  async readAll() {
    this.#isTaken = true;
    if (this.stream !== undefined) return readStream(this.stream);
    return this.bytes ?? this.source.readAll();
  }
  clone() {
    if (this.stream === undefined && this.bytes !== undefined) return new Body({ bytes: this.bytes });
    if (this.stream === undefined) {
      const [mine, other] = this.source.tee();
      this.source = mine;
      return new Body({ source: other });
    }
    const [mine, other] = this.stream.tee();
    this.stream = mine;
    return new Body({ stream: other });
  }
}

const streamOf = (bytes) => streamFrom(sourceOf(bytes));

/** Chunks of an async iterable, as they are asked for. */
const fromIterable = (iterable) => {
  const iterator = iterable[asyncIterator]();
  const { ReadableStream } = webStreams();
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) {
          controller.close();
          return;
        }
        const bytes = typeof value === "string" ? native.utf8Encode(value) : viewOf(value)?.slice();
        if (bytes === undefined) throw new TypeError("Received non-Uint8Array chunk");
        controller.enqueue(bytes);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
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
  if (isStream(value)) {
    if (value._disturbed || value.locked) throw new TypeError("Response body object should not be disturbed or locked");
    return { body: new Body({ stream: value }), type: null };
  }
  if (typeof value === "object" && typeof value[asyncIterator] === "function")
    return { body: new Body({ stream: fromIterable(value) }), type: null };
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
      return body === null ? null : body.toStream();
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

module.exports = { Source, Body, extract, mixInto, streamOf, isStream };
