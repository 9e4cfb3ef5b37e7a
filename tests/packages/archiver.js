const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { buffer } = require("node:stream/consumers");
const zlib = require("node:zlib");
const { TarArchive, ZipArchive } = require("archiver@8.0.0");
const JSZip = require("jszip@3.10.2");

module.exports = async () => {
  const zip = new ZipArchive({ zlib: { level: 9 } });
  const whole = buffer(zip);
  zip.append("hello ".repeat(1000), { name: "folder/hello.txt" });
  zip.append(Readable.from(["streamed"]), { name: "stream.txt" });
  await zip.finalize();
  const bytes = await whole;
  assert.ok(bytes.length < 1000);
  const read = await JSZip.loadAsync(bytes, { checkCRC32: true });
  assert.equal(await read.file("folder/hello.txt").async("string"), "hello ".repeat(1000));
  assert.equal(await read.file("stream.txt").async("string"), "streamed");

  const tar = new TarArchive({ gzip: true });
  const packed = buffer(tar);
  tar.append("in the tar", { name: "a.txt" });
  await tar.finalize();
  const text = zlib.gunzipSync(await packed).toString("latin1");
  assert.ok(text.startsWith("a.txt\0") && text.includes("in the tar"));
};
