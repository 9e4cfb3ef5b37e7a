// atob and btoa: the HTML standard, "Base64 utility methods".
const invalid = (message) => {
  const { DOMException } = require("dom-exception");
  return new DOMException(message, "InvalidCharacterError");
};

const btoa = (data) => {
  const encoded = native.btoa(`${data}`);
  if (encoded === undefined) throw invalid("Invalid character");
  return encoded;
};

const atob = (data) => {
  const decoded = native.atob(`${data}`);
  if (decoded === undefined) throw invalid("The string to be decoded is not correctly encoded.");
  return decoded;
};

module.exports = { atob, btoa };
