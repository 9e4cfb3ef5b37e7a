// TextEncoderStream and TextDecoderStream of the Encoding standard.
const { asInterface } = require("idl");
const { TextDecoder, TextEncoder } = require("encoding");
const { TransformStream } = require("web-streams");

class TextEncoderStream {
  #high = "";
  #transform;
  constructor() {
    const encoder = new TextEncoder();
    this.#transform = new TransformStream({
      transform: (chunk, controller) => {
        let text = this.#high + `${chunk}`;
        this.#high = "";
        const last = text.charCodeAt(text.length - 1);
        if (last >= 0xd800 && last <= 0xdbff) {
          this.#high = text.slice(-1);
          text = text.slice(0, -1);
        }
        if (text !== "") controller.enqueue(encoder.encode(text));
      },
      flush: (controller) => {
        if (this.#high !== "") controller.enqueue(new Uint8Array([0xef, 0xbf, 0xbd]));
      },
    });
  }
  get encoding() {
    return "utf-8";
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}

class TextDecoderStream {
  #decoder;
  #transform;
  constructor(label = "utf-8", options = {}) {
    this.#decoder = new TextDecoder(label, options);
    this.#transform = new TransformStream({
      transform: (chunk, controller) => {
        if (!ArrayBuffer.isView(chunk) && !(chunk instanceof ArrayBuffer) && !(typeof SharedArrayBuffer === "function" && chunk instanceof SharedArrayBuffer))
          throw new TypeError("A chunk of a TextDecoderStream must be a BufferSource");
        const text = this.#decoder.decode(chunk, { stream: true });
        if (text !== "") controller.enqueue(text);
      },
      flush: (controller) => {
        const text = this.#decoder.decode();
        if (text !== "") controller.enqueue(text);
      },
    });
  }
  get encoding() {
    return this.#decoder.encoding;
  }
  get fatal() {
    return this.#decoder.fatal;
  }
  get ignoreBOM() {
    return this.#decoder.ignoreBOM;
  }
  get readable() {
    return this.#transform.readable;
  }
  get writable() {
    return this.#transform.writable;
  }
}
asInterface(TextEncoderStream, ["encoding", "readable", "writable"]);
asInterface(TextDecoderStream, ["encoding", "fatal", "ignoreBOM", "readable", "writable"]);

module.exports = { TextEncoderStream, TextDecoderStream };
