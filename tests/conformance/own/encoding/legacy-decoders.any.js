// META: title=Legacy encodings: one character of each, and what each makes of broken bytes
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

// From the standard's indexes: label, bytes, text.
for (const [label, hex, text] of [
  ["ibm866", "80f1fe", "Аё■"],
  ["iso-8859-2", "a1b1", "Ąą"],
  ["iso-8859-7", "e1a4", "α€"],
  ["iso-8859-8-i", "e0", "א"],
  ["iso-8859-15", "a4", "€"],
  ["iso-8859-16", "a4a5", "€„"],
  ["koi8-r", "f0d2", "Пр"],
  ["koi8-u", "a4ae", "єў"],
  ["macintosh", "8e80", "éÄ"],
  ["windows-874", "a1", "ก"],
  ["windows-1251", "cff0", "Пр"],
  ["latin1", "80e9", "€é"],
  ["x-mac-cyrillic", "80", "А"],
  ["x-user-defined", "4180ff", "A\uf780\uf7ff"],
  ["gbk", "d6d0b9fa80", "中国€"],
  ["gb18030", "d6d08130813090308130", "中\u0080𐀀"],
  ["big5", "a4a48862", "中Ê̄"],
  ["euc-jp", "c6fc8eb18fb0a1", "日ｱ丂"],
  ["shift_jis", "93fab1f040", "日ｱ\ue000"],
  ["iso-2022-jp", "1b244246 7c1b284241".replaceAll(" ", ""), "日A"],
  ["euc-kr", "c7d1b1db8141", "한글갂"],
  ["utf-16be", "00e9d83dde00", "é😀"],
])
  test(() => assert_equals(new TextDecoder(label).decode(bytes(hex)), text), `${label} decodes ${hex}`);

for (const [label, hex, text] of [
  ["shift_jis", "8120", "\ufffd "],
  ["big5", "a4", "\ufffd"],
  ["gb18030", "813081", "\ufffd"],
  ["gb18030", "8130ff", "\ufffd0\ufffd"],
  ["euc-jp", "8f41", "\ufffdA"],
  ["iso-2022-jp", "1b41", "\ufffdA"],
  ["windows-1253", "aa", "\ufffd"],
  ["utf-16le", "00d84100", "\ufffdA"],
  ["utf-8", "e0809fed", "\ufffd\ufffd\ufffd\ufffd"],
])
  test(() => {
    assert_equals(new TextDecoder(label).decode(bytes(hex)), text);
    assert_throws_js(TypeError, () => new TextDecoder(label, { fatal: true }).decode(bytes(hex)));
  }, `${label} makes U+FFFD of what is broken in ${hex}, or throws`);

for (const [label, hex, text] of [
  ["utf-8", "efbbbff09f9880", "😀"],
  ["utf-16le", "fffe3dd800de", "😀"],
  ["gb18030", "90308130d6d0", "𐀀中"],
  ["iso-2022-jp", "1b2442467c1b284241", "日A"],
  ["euc-jp", "8fb0a1c6fc", "丂日"],
])
  test(() => {
    const decoder = new TextDecoder(label);
    let streamed = "";
    for (const byte of bytes(hex)) streamed += decoder.decode(Uint8Array.of(byte), { stream: true });
    assert_equals(streamed + decoder.decode(), text);
  }, `${label} decodes a stream of single bytes`);

test(() => {
  for (const label of ["\u00a0utf-8", "utf-8\0", "\vlatin1", "replacement", "iso-2022-kr", "utf-7", ""])
    assert_throws_js(RangeError, () => new TextDecoder(label), JSON.stringify(label));
  assert_equals(new TextDecoder(" \t\n\f\rShift_JIS ").encoding, "shift_jis");
}, "a label may stand between ASCII white space, and nothing else");

test(() => {
  const target = new Uint8Array(6);
  assert_object_equals(new TextEncoder().encodeInto("aé😀z", target), { read: 2, written: 3 });
  assert_array_equals(target, [0x61, 0xc3, 0xa9, 0, 0, 0]);
  for (const other of [new Int8Array(4), new DataView(new ArrayBuffer(4)), new ArrayBuffer(4), {}])
    assert_throws_js(TypeError, () => new TextEncoder().encodeInto("a", other));
}, "encodeInto writes whole characters into a Uint8Array, and into nothing else");
