// The File API's FileReader, and ProgressEvent of the XHR standard, which it fires: older browser libraries read blobs so.
const { Event, EventTarget, fire, defineHandler } = require("event-target");
const { isBlob, blobBytes } = require("blob");
const { need, invalid, toDictionary, asInterface, latin1 } = require("idl");
const { setImmediate } = require("timers");
const { DOMException } = require("dom-exception");

class ProgressEvent extends Event {
  #isComputable;
  #loaded;
  #total;
  constructor(type, options = undefined) {
    need(1, arguments.length, "ProgressEvent");
    super(type, options);
    const { lengthComputable = false, loaded = 0, total = 0 } = toDictionary(options, "ProgressEvent");
    this.#isComputable = Boolean(lengthComputable);
    this.#loaded = Number(loaded);
    this.#total = Number(total);
  }
  get lengthComputable() {
    return this.#isComputable;
  }
  get loaded() {
    return this.#loaded;
  }
  get total() {
    return this.#total;
  }
}

const EMPTY = 0, LOADING = 1, DONE = 2;

/** The encoding of a text: as asked for, else by the type's charset, else UTF-8; a byte order mark wins over all. */
const decodeText = (bytes, label, type) => {
  const charset = () => new (require("mime-type").MIMEType)(type).params.get("charset");
  const known = (find) => {
    try {
      return native.encodingOf(find());
    } catch {
      return undefined;
    }
  };
  const asked = label === undefined ? undefined : native.encodingOf(label);
  const encoding = asked ?? (type === "" ? undefined : known(charset)) ?? native.encodingOf("utf-8");
  const [a, b, c] = bytes;
  const marked = a === 0xef && b === 0xbb && c === 0xbf ? "utf-8" : a === 0xfe && b === 0xff ? "utf-16be" : a === 0xff && b === 0xfe ? "utf-16le" : undefined;
  return native.decode(marked === undefined ? encoding : native.encodingOf(marked), bytes, new Uint8Array(native.decoderStateBytes()), false, false, true);
};

const packages = {
  buffer: (bytes) => bytes.slice().buffer,
  binary: (bytes) => latin1(bytes),
  text: (bytes, type, label) => decodeText(bytes, label, type),
  url: (bytes, type) => `data:${type || "application/octet-stream"};base64,${native.btoa(latin1(bytes))}`,
};

class FileReader extends EventTarget {
  #state = EMPTY;
  #result = null;
  #error = null;
  #turn = 0; // of the read that goes on: a later one, or abort(), makes it void

  get readyState() {
    return this.#state;
  }
  get result() {
    return this.#result;
  }
  get error() {
    return this.#error;
  }

  #read(what, blob, label) {
    if (!isBlob(blob)) throw invalid(`FileReader.${what}: parameter 1 is not of type 'Blob'.`);
    if (this.#state === LOADING) throw new DOMException("The object is already busy reading Blobs.", "InvalidStateError");
    const bytes = blobBytes(blob);
    const turn = ++this.#turn;
    this.#state = LOADING;
    this.#result = this.#error = null;
    const say = (type, loaded) => fire(this, new ProgressEvent(type, { lengthComputable: true, loaded, total: bytes.length }));
    const later = (run) => setImmediate(() => turn === this.#turn && run());
    later(() => {
      say("loadstart", 0);
      later(() => {
        if (bytes.length > 0) say("progress", bytes.length);
        later(() => {
          this.#state = DONE;
          this.#result = packages[what](bytes, blob.type, label);
          say("load", bytes.length);
          /* In a browser promises settle between the two; here they do when the next task is run. */
          later(() => say("loadend", bytes.length));
        });
      });
    });
  }
  readAsArrayBuffer(blob) {
    need(1, arguments.length, "FileReader.readAsArrayBuffer");
    this.#read("buffer", blob);
  }
  readAsBinaryString(blob) {
    need(1, arguments.length, "FileReader.readAsBinaryString");
    this.#read("binary", blob);
  }
  readAsText(blob, encoding = undefined) {
    need(1, arguments.length, "FileReader.readAsText");
    this.#read("text", blob, encoding === undefined ? undefined : `${encoding}`);
  }
  readAsDataURL(blob) {
    need(1, arguments.length, "FileReader.readAsDataURL");
    this.#read("url", blob);
  }
  abort() {
    const wasLoading = this.#state === LOADING;
    this.#result = null;
    if (!wasLoading) return;
    this.#state = DONE;
    const turn = ++this.#turn;
    this.#error = new DOMException("The user aborted a request.", "AbortError");
    fire(this, new ProgressEvent("abort"));
    if (turn === this.#turn && this.#state !== LOADING) fire(this, new ProgressEvent("loadend"));
  }
}

asInterface(ProgressEvent);
asInterface(FileReader, ["readyState", "result", "error"]);
for (const [name, value] of Object.entries({ EMPTY, LOADING, DONE }))
  for (const owner of [FileReader, FileReader.prototype]) Object.defineProperty(owner, name, { value, enumerable: true });
for (const type of ["loadstart", "progress", "load", "abort", "error", "loadend"]) defineHandler(FileReader.prototype, type);

module.exports = { FileReader, ProgressEvent };
