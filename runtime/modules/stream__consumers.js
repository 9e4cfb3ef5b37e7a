// All of a stream as one value; for Node's streams, the web's, and any async iterable.
const { Buffer } = require("buffer");
const { TextDecoder } = require("encoding");

const chunksOf = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return chunks;
};
const buffer = async (stream) => Buffer.concat(await chunksOf(stream));
const arrayBuffer = async (stream) => {
  const { buffer: memory, byteOffset, byteLength } = await buffer(stream);
  return memory.slice(byteOffset, byteOffset + byteLength);
};
const text = async (stream) => {
  const decoder = new TextDecoder();
  let whole = "";
  for await (const chunk of stream) whole += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
  return whole + decoder.decode();
};
const json = async (stream) => JSON.parse(await text(stream));
const blob = async (stream) => {
  const { Blob } = require("blob");
  return new Blob(await chunksOf(stream));
};

module.exports = { arrayBuffer, blob, buffer, json, text };
