const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { text } = require("node:stream/consumers");
const iconv = require("iconv-lite@0.7.3");

module.exports = async () => {
  for (const [encoding, value, hex] of [
    ["win1252", "€ü", "80fc"],
    ["shift_jis", "日本", "93fa967b"],
    ["gbk", "中文", "d6d0cec4"],
    ["utf16be", "A€", "004120ac"],
    ["latin1", "ß", "df"],
    ["cp437", "é", "82"],
  ]) {
    assert.equal(iconv.encode(value, encoding).toString("hex"), hex, encoding);
    assert.equal(iconv.decode(Buffer.from(hex, "hex"), encoding), value, encoding);
  }
  assert.ok(iconv.encodingExists("euc-kr"));
  const halves = Readable.from([Buffer.from([0x93]), Buffer.from([0xfa, 0x96]), Buffer.from([0x7b])]);
  assert.equal(await text(halves.pipe(iconv.decodeStream("shift_jis"))), "日本");
};
