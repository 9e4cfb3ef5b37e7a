// atob and btoa: the HTML standard, "Base64 utility methods", by the engine's own conversions.
const { toBase64 } = Uint8Array.prototype;
const { fromBase64 } = Uint8Array;
const forgiving = { lastChunkHandling: "loose" };

const invalid = (message) => {
  const { DOMException } = require("dom-exception");
  return new DOMException(message, "InvalidCharacterError");
};

const btoa = (data) => {
  const bytes = native.latin1Encode(`${data}`, true);
  if (bytes === undefined) throw invalid("Invalid character");
  return toBase64.call(bytes);
};

const atob = (data) => {
  const text = `${data}`;
  let bytes;
  try {
    bytes = fromBase64(text, forgiving);
  } catch {
    throw invalid("The string to be decoded is not correctly encoded.");
  }
  return native.latin1Decode(bytes, 0xff);
};

module.exports = { atob, btoa };
