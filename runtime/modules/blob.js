// The File API's Blob and File: bytes in memory, never changed.
const { invalid, toUSVString, toDictionary, asInterface, viewOf, decodeText, concat } = require("idl");

const typeOf = (type) => {
  const text = `${type}`;
  return /[^\x20-\x7e]/.test(text) ? "" : text.toLowerCase();
};

const lines = (text) => text.replace(/\r\n?|\n/g, "\n");

class Blob {
  #bytes;
  #type = "";

  constructor(parts = [], options) {
    const { type = "", endings = "transparent" } = toDictionary(options, "Blob");
    if (typeof parts !== "object" || parts === null || typeof parts[Symbol.iterator] !== "function")
      throw invalid('The "sources" argument must be a sequence. Received ' + (parts === null ? "null" : `type ${typeof parts}`));
    if (endings !== "transparent" && endings !== "native")
      throw invalid(`The property 'options.endings' must be one of: 'transparent', 'native'. Received '${endings}'`, "ERR_INVALID_ARG_VALUE");
    const chunks = [];
    for (const part of parts) {
      if (isBlob(part)) chunks.push(part.#bytes);
      else chunks.push(viewOf(part)?.slice() ?? native.utf8Encode(endings === "native" ? lines(`${part}`) : `${part}`));
    }
    this.#bytes = concat(chunks);
    this.#type = typeOf(type);
  }
  get size() {
    return this.#bytes.length;
  }
  get type() {
    return this.#type;
  }
  slice(start = 0, end = this.size, type = "") {
    const blob = new Blob();
    blob.#bytes = this.#bytes.subarray(start, end);
    blob.#type = typeOf(type);
    return blob;
  }
  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }
  async bytes() {
    return this.#bytes.slice();
  }
  async text() {
    return decodeText(this.#bytes);
  }
  stream() {
    return require("body").streamOf(this.#bytes.slice());
  }

  /* For this library only. */
  static isBlob(value) {
    return typeof value === "object" && value !== null && #bytes in value;
  }
  static blobBytes(blob) {
    return blob.#bytes;
  }
}
const { isBlob, blobBytes } = Blob;
delete Blob.isBlob;
delete Blob.blobBytes;

class File extends Blob {
  #name;
  #lastModified;
  constructor(parts, name, options) {
    if (arguments.length < 2) throw invalid('The "fileBits" and "fileName" arguments must be specified', "ERR_MISSING_ARGS");
    super(parts, options);
    this.#name = toUSVString(name);
    const { lastModified } = toDictionary(options, "File");
    this.#lastModified = lastModified === undefined ? Math.trunc(native.wallMs()) : Math.trunc(Number(lastModified)) || 0;
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
  static isFile(value) {
    return typeof value === "object" && value !== null && #name in value;
  }
}
const { isFile } = File;
delete File.isFile;

asInterface(Blob, ["size", "type"]);
asInterface(File, ["size", "type", "name", "lastModified"]);

module.exports = { Blob, File, isBlob, isFile, blobBytes };
