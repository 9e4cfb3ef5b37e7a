// Reads HTTP/1.1 responses (RFC 9112), as they come. It is strict: a message whose end two readers could see in
// different places is an error, with the code that Node's parser has for it.
const { Buffer } = require("buffer");
const { isToken, isFieldValue, maxHeaderSize } = require("http-common");

const LF = 10;

const fault = (code, reason) => Object.assign(new Error(`Parse Error: ${reason}`), { code, reason });

const parseStatusLine = (line) => {
  const match = /^HTTP\/(\d)\.(\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/.exec(line);
  if (match === null) throw fault(line.startsWith("HTTP/") ? "HPE_INVALID_STATUS" : "HPE_INVALID_CONSTANT", "Expected HTTP/");
  if (match[1] !== "1" || match[2] > "1") throw fault("HPE_INVALID_VERSION", "Invalid HTTP version");
  return { versionMajor: 1, versionMinor: Number(match[2]), statusCode: Number(match[3]), statusMessage: match[4] ?? "", rawHeaders: [] };
};

const parseField = (line, rawHeaders) => {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  if (!isToken(name)) throw fault("HPE_INVALID_HEADER_TOKEN", "Invalid header token");
  const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, "");
  if (!isFieldValue(value)) throw fault("HPE_INVALID_HEADER_TOKEN", "Invalid header value char");
  rawHeaders.push(name, value);
};

const valuesOf = (rawHeaders, name) => {
  const values = [];
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i].toLowerCase() === name) values.push(rawHeaders[i + 1]);
  return values;
};
const tokensOf = (rawHeaders, name) => valuesOf(rawHeaders, name).join(",").toLowerCase().split(",").map((one) => one.trim()).filter((one) => one !== "");

/** How the body ends (RFC 9112 §6.3): {length}, {isChunked} or neither: with the connection. */
const framingOf = ({ rawHeaders }) => {
  const codings = tokensOf(rawHeaders, "transfer-encoding");
  const lengths = valuesOf(rawHeaders, "content-length");
  if (lengths.length > 1 || (lengths.length > 0 && codings.length > 0)) throw fault("HPE_UNEXPECTED_CONTENT_LENGTH", codings.length > 0 ? "Content-Length can't be present with Transfer-Encoding" : "Content-Length already present");
  if (codings.indexOf("chunked") >= 0 && codings.indexOf("chunked") < codings.length - 1) throw fault("HPE_INVALID_TRANSFER_ENCODING", "Request has invalid `Transfer-Encoding`");
  if (codings.at(-1) === "chunked") return { isChunked: true };
  if (lengths.length === 0) return {};
  if (!/^\d{1,15}$/.test(lengths[0])) throw fault("HPE_INVALID_CONTENT_LENGTH", "Invalid character in Content-Length");
  return { length: Number(lengths[0]) };
};

const keepsAlive = ({ versionMinor, rawHeaders }) => {
  const options = tokensOf(rawHeaders, "connection");
  return versionMinor === 1 ? !options.includes("close") : options.includes("keep-alive");
};

/** `events`: head (message, keepsAlive) answers "none" where no body follows, "upgrade" where the rest is no HTTP;
 * body (bytes); end (rawTrailers). */
class ResponseParser {
  #events;
  #limit;
  #state = "status";
  #pieces = []; // of a line that has not ended yet
  #pieceBytes = 0;
  #headBytes = 0;
  #message;
  #left = 0; // of the body or the chunk
  #trailers = [];
  constructor(events, limit = maxHeaderSize) {
    this.#events = events;
    this.#limit = limit;
  }
  get isIdle() {
    return this.#state === "status" && this.#pieceBytes === 0;
  }
  /** Returns the bytes that are not HTTP's, after an upgrade or after the response's end; else undefined. */
  execute(bytes) {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "over") return bytes.subarray(at);
      if (this.#state === "length" || this.#state === "chunk" || this.#state === "rest") {
        const take = this.#state === "rest" ? bytes.length - at : Math.min(this.#left, bytes.length - at);
        const part = bytes.subarray(at, at + take);
        at += take;
        this.#left -= take;
        const isLast = this.#state !== "rest" && this.#left === 0;
        const isChunk = this.#state === "chunk";
        if (isLast) this.#state = isChunk ? "chunk-end" : "over";
        this.#events.body(part);
        if (isLast && !isChunk) this.#end();
        continue;
      }
      const end = bytes.indexOf(LF, at);
      this.#take(bytes.subarray(at, end < 0 ? bytes.length : end + 1));
      if (end < 0) return undefined;
      at = end + 1;
      this.#line(this.#joined());
    }
    return this.#state === "over" ? bytes.subarray(bytes.length) : undefined;
  }
  /** The connection has ended: whether that was the message's end, or between messages. */
  finish() {
    if (this.#state === "rest") {
      this.#state = "over";
      this.#end();
    }
    return this.#state === "over" || this.isIdle;
  }
  #take(part) {
    this.#pieces.push(part);
    this.#pieceBytes += part.length;
    this.#headBytes += part.length;
    if (this.#headBytes > this.#limit) throw fault(this.#state === "size" ? "HPE_CHUNK_EXTENSIONS_OVERFLOW" : "HPE_HEADER_OVERFLOW", "Header overflow");
  }
  #joined() {
    const text = (this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces, this.#pieceBytes)).toString("latin1");
    this.#pieces = [];
    this.#pieceBytes = 0;
    if (!text.endsWith("\r\n")) throw fault("HPE_CR_EXPECTED", "Missing expected CR after header value");
    return text.slice(0, -2);
  }
  #line(line) {
    switch (this.#state) {
      case "status":
        if (line === "") return;
        this.#message = parseStatusLine(line);
        this.#state = "fields";
        return;
      case "fields":
        if (line === "") this.#head();
        else parseField(line, this.#message.rawHeaders);
        return;
      case "size":
        this.#size(line);
        return;
      case "chunk-end":
        if (line !== "") throw fault("HPE_STRICT", "Expected LF after chunk data");
        this.#headBytes = 0;
        this.#state = "size";
        return;
      default:
        if (line === "") {
          this.#state = "over";
          this.#end();
        } else parseField(line, this.#trailers);
    }
  }
  #head() {
    const message = this.#message;
    const { statusCode } = message;
    const isBodiless = statusCode < 200 || statusCode === 204 || statusCode === 304;
    const framing = isBodiless ? { length: 0 } : framingOf(message);
    this.#headBytes = 0;
    const isDelimited = framing.isChunked || framing.length !== undefined;
    const answer = this.#events.head(message, (kind) => keepsAlive(message) && (isDelimited || kind === "none"));
    if (answer === "upgrade") this.#state = "over";
    else if (statusCode < 200) this.#state = "status";
    else if (answer === "none" || framing.length === 0) {
      this.#state = "over";
      this.#end();
    } else {
      this.#left = framing.length ?? 0;
      this.#state = framing.isChunked ? "size" : framing.length === undefined ? "rest" : "length";
    }
  }
  #size(line) {
    const match = /^([0-9a-fA-F]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line);
    if (match === null) throw fault("HPE_INVALID_CHUNK_SIZE", "Invalid character in chunk size");
    this.#left = parseInt(match[1], 16);
    this.#headBytes = 0;
    this.#state = this.#left === 0 ? "trailers" : "chunk";
  }
  #end() {
    this.#events.end(this.#trailers);
  }
}

module.exports = { ResponseParser };
