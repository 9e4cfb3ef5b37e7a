// Between Node's streams and the web's: each reads what the other writes, and fails when the other does.
const { Buffer } = require("buffer");
const { Readable, Writable, Duplex, finished } = require("stream");
const { ReadableStream, WritableStream, CountQueuingStrategy, ByteLengthQueuingStrategy } = require("web-streams");

const aborted = () => {
  const { DOMException } = require("dom-exception");
  return new DOMException("The operation was aborted", "AbortError");
};

const readableToWeb = (readable, { strategy } = {}) => {
  const isObject = readable.readableObjectMode;
  let isOver = false;
  readable.pause();
  return new ReadableStream(
    {
      start(controller) {
        const stop = finished(readable, { writable: false }, (error) => {
          stop();
          readable.on("error", () => {});
          if (isOver) return;
          isOver = true;
          if (error) controller.error(error.code === "ERR_STREAM_PREMATURE_CLOSE" ? aborted() : error);
          else controller.close();
        });
        readable.on("data", (chunk) => {
          if (isOver) return;
          controller.enqueue(Buffer.isBuffer(chunk) && !isObject ? new Uint8Array(chunk) : chunk);
          if (controller.desiredSize <= 0) readable.pause();
        });
        readable.pause();
      },
      pull() {
        readable.resume();
      },
      cancel(reason) {
        isOver = true;
        readable.destroy(reason instanceof Error ? reason : undefined);
      },
    },
    strategy ?? (isObject ? new CountQueuingStrategy({ highWaterMark: 1 }) : new ByteLengthQueuingStrategy({ highWaterMark: readable.readableHighWaterMark })),
  );
};

const readableFromWeb = (stream, options = {}) => {
  const reader = stream.getReader();
  let isClosed = false;
  const readable = new Readable({
    ...options,
    read() {
      reader.read().then(
        ({ value, done }) => {
          if (done) isClosed = true;
          readable.push(done ? null : value);
        },
        (error) => readable.destroy(error),
      );
    },
    destroy(error, callback) {
      if (isClosed) callback(error);
      else reader.cancel(error).then(() => callback(error), () => callback(error));
    },
  });
  reader.closed.then(
    () => (isClosed = true),
    (error) => {
      isClosed = true;
      readable.destroy(error);
    },
  );
  return readable;
};

const writableToWeb = (writable) => {
  let waiting;
  const settle = (error) => {
    const { resolve, reject } = waiting ?? {};
    waiting = undefined;
    if (error) reject?.(error);
    else resolve?.();
  };
  return new WritableStream(
    {
      start(controller) {
        writable.on("drain", () => settle());
        finished(writable, { readable: false }, (error) => {
          writable.on("error", () => {});
          if (error) controller.error(error);
          settle(error);
        });
      },
      write(chunk) {
        if (writable.write(chunk)) return undefined;
        return new Promise((resolve, reject) => (waiting = { resolve, reject }));
      },
      close() {
        return new Promise((resolve, reject) => {
          waiting = { resolve, reject };
          writable.end();
        });
      },
      abort(reason) {
        writable.destroy(reason instanceof Error ? reason : undefined);
      },
    },
    { highWaterMark: writable.writableHighWaterMark, size: (chunk) => (writable.writableObjectMode ? 1 : (chunk?.byteLength ?? chunk?.length ?? 1)) },
  );
};

const writableFromWeb = (stream, options = {}) => {
  const writer = stream.getWriter();
  let isClosed = false;
  const writable = new Writable({
    ...options,
    write(chunk, encoding, callback) {
      writer.ready.then(() => writer.write(chunk)).then(() => callback(), callback);
    },
    final(callback) {
      writer.close().then(() => {
        isClosed = true;
        callback();
      }, callback);
    },
    destroy(error, callback) {
      if (isClosed) callback(error);
      else writer.abort(error).then(() => callback(error), () => callback(error));
    },
  });
  writer.closed.then(
    () => (isClosed = true),
    (error) => {
      isClosed = true;
      writable.destroy(error);
    },
  );
  return writable;
};

const duplexToWeb = (duplex) => ({ readable: readableToWeb(duplex), writable: writableToWeb(duplex) });
const duplexFromWeb = ({ readable, writable }, options = {}) =>
  Duplex.from({ readable: readableFromWeb(readable, options), writable: writableFromWeb(writable, options) });

module.exports = { readableToWeb, readableFromWeb, writableToWeb, writableFromWeb, duplexToWeb, duplexFromWeb };
