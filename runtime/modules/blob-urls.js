// blob: URLs (File API, "Blob URL"), with Node's form of them: names of blobs that live until they are revoked.
const { isBlob } = require("blob");
const { invalid } = require("idl");

const blobs = new Map();
const withoutFragment = (url) => `${url}`.replace(/#.*$/s, "");

const createObjectURL = (object) => {
  if (!isBlob(object)) throw invalid('The "obj" argument must be an instance of Blob.');
  const url = `blob:nodedata:${native.randomUuid()}`;
  blobs.set(url, object);
  return url;
};
const revokeObjectURL = (url) => void blobs.delete(`${url}`);
const resolveObjectURL = (url) => blobs.get(withoutFragment(url));

/* A request keeps what its URL named when the request was made. */
const held = new WeakMap(); // a URL object -> the blob
const hold = (url) => void held.set(url, resolveObjectURL(url.href));
const heldBy = (url) => held.get(url);

module.exports = { createObjectURL, revokeObjectURL, resolveObjectURL, hold, heldBy };
