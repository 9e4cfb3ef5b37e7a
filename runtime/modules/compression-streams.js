// CompressionStream and DecompressionStream of the Compression standard.
const { asInterface, viewOf } = require("idl");
const { TransformStream } = require("web-streams");
const { zlibNew, zlibWrite, zlibClose } = native;

const PIECE = 65536;
const modes = { deflate: [1, 2], "deflate-raw": [5, 6], gzip: [3, 4] };
const modeOf = (format, isDecompressing, name) => {
  const pair = Object.hasOwn(modes, format) ? modes[format] : undefined;
  if (pair === undefined) throw new TypeError(`${name}: the format "${format}" is not supported; use "gzip", "deflate" or "deflate-raw"`);
  return pair[isDecompressing ? 1 : 0];
};

const transformOf = (format, isDecompressing, name) => {
  const handle = zlibNew(modeOf(`${format}`, isDecompressing, name), -1, 15, 8, 0, undefined);
  let isEnded = false;
  const work = (bytes, flush, controller) => {
    let from = 0;
    for (;;) {
      const [output, read, isEnd, status, message] = zlibWrite(handle, flush, bytes, from, PIECE);
      from += read;
      if (status !== 0) throw new TypeError(`${name}: ${message}`);
      if (output.length > 0) controller.enqueue(output);
      if (isEnd) isEnded = true;
      if (isEnded && isDecompressing && from < bytes.length) throw new TypeError(`${name}: there is data after the end`);
      if (isEnd || (output.length < PIECE && from >= bytes.length)) return;
      if (output.length === 0 && read === 0) return;
    }
  };
  return new TransformStream({
    transform(chunk, controller) {
      const bytes = viewOf(chunk);
      if (bytes === undefined || (typeof SharedArrayBuffer === "function" && bytes.buffer instanceof SharedArrayBuffer)) throw new TypeError(`${name}: a chunk must be a BufferSource`);
      if (isEnded && bytes.length > 0) throw new TypeError(`${name}: there is data after the end`);
      work(bytes, 0, controller);
    },
    flush(controller) {
      if (!isEnded) work(new Uint8Array(0), isDecompressing ? 0 : 4, controller);
      zlibClose(handle);
      if (!isEnded) throw new TypeError(`${name}: the data ended too early`);
    },
  });
};

class CompressionStream {
  #transform;
  constructor(format) {
    this.#transform = transformOf(format, false, "CompressionStream");
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
class DecompressionStream {
  #transform;
  constructor(format) {
    this.#transform = transformOf(format, true, "DecompressionStream");
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
asInterface(CompressionStream, ["readable", "writable"]);
asInterface(DecompressionStream, ["readable", "writable"]);

module.exports = { CompressionStream, DecompressionStream };
