const querystring = require("npm:querystring-es3");
const { Buffer } = require("buffer");

/** As decodeURIComponent(), but what is no UTF-8 or no escape is kept, as well as it can be. */
const unescapeBuffer = (text) => {
  const bytes = [];
  const source = Buffer.from(`${text}`);
  for (let i = 0; i < source.length; i++) {
    const hex = source[i] === 37 ? source.toString("latin1", i + 1, i + 3) : "";
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(parseInt(hex, 16));
      i += 2;
    } else bytes.push(source[i]);
  }
  return Buffer.from(bytes);
};
const unescape = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return unescapeBuffer(text).toString();
  }
};

module.exports = { ...querystring, escape: (text) => encodeURIComponent(typeof text === "string" ? text : `${text}`), unescape, unescapeBuffer };
