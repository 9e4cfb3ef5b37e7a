const assert = require("node:assert/strict");
const { once } = require("node:events");
const JSZip = require("jszip@3.10.2");

module.exports = async () => {
  const zip = new JSZip();
  zip.file("folder/hello.txt", "hello ".repeat(100));
  zip.file("bytes.bin", Buffer.from([0, 255, 1]));
  const bytes = await zip.generateAsync({ type: "nodebuffer", compression: "DEFLATE" });
  assert.ok(bytes.length < 600);
  const read = await JSZip.loadAsync(bytes, { checkCRC32: true });
  assert.deepEqual(Object.keys(read.files), ["folder/", "folder/hello.txt", "bytes.bin"]);
  assert.equal(await read.file("folder/hello.txt").async("string"), "hello ".repeat(100));
  assert.deepEqual(await read.file("bytes.bin").async("nodebuffer"), Buffer.from([0, 255, 1]));
  const chunks = [];
  const stream = zip.generateNodeStream().on("data", (chunk) => chunks.push(chunk));
  await once(stream, "end");
  assert.equal((await JSZip.loadAsync(Buffer.concat(chunks))).file(/txt$/).length, 1);
};
