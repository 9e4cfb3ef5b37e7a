// The Encoding standard's labels and indexes as a C file: what src/runtime/decode.c looks characters up in.
// node runtime/encodings.mjs OUTPUT.c
//
// The data is that of @exodus/bytes, whose own tests hold it against the standard. Its table files are not among the
// package's public names, so they are loaded by their place; the version is pinned.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const output = process.argv[2];
const folder = path.dirname(createRequire(import.meta.url).resolve("@exodus/bytes/encoding.js"));
const load = (name) => import(pathToFileURL(path.join(folder, name)).href);

const { default: labels } = await load("fallback/encoding.labels.js");
const { getTable } = await load("fallback/multi-byte.table.js");
const { getEncoding } = await load("fallback/single-byte.js");

/* The order is decode.c's: first those that have a decoder of their own, then the tables of one byte. */
const own = ["utf-8", "utf-16le", "utf-16be", "gbk", "gb18030", "big5", "euc-jp", "iso-2022-jp", "shift_jis", "euc-kr", "replacement", "x-user-defined"];
const single = Object.keys(labels).filter((name) => !own.includes(name));
const names = [...own, ...single];

/** Of the bytes from 0x80; past what is given each byte is the character of its number. 0 = none. */
const singleTable = (name) => {
  const points = getEncoding(name);
  return Array.from({ length: 128 }, (_, i) => (points[i] === 0xfffd ? 0 : (points[i] ?? 0x80 + i)));
};

const numbers = (values) => {
  const lines = [];
  for (let i = 0; i < values.length; i += 24) lines.push([...values.slice(i, i + 24)].join(","));
  return lines.join(",\n");
};

const rows = names.flatMap((name, i) => [...new Set([name, ...labels[name]])].map((label) => [label, i]));
rows.sort(([a], [b]) => (a < b ? -1 : 1));

let c = '#include "runtime/decode_tables.h"\n\n';
c += `const char *const encoding_names[] = { ${names.map((name) => JSON.stringify(name)).join(", ")} };\n`;
c += `const EncodingLabel encoding_labels[] = {\n${rows.map(([label, i]) => `  { ${JSON.stringify(label)}, ${i} },`).join("\n")}\n};\n`;
c += `const guint n_encoding_labels = ${rows.length};\n\n`;
c += `const guint16 encoding_single[][128] = {\n${single.map((name) => `{ ${numbers(singleTable(name))} },`).join("\n")}\n};\n`;
c += `const guint n_encoding_single = ${single.length};\n\n`;
for (const [name, type] of [["jis0208", "guint16"], ["jis0212", "guint16"], ["euc-kr", "guint16"], ["gb18030", "guint16"], ["big5", "guint32"]]) {
  const table = getTable(name);
  const id = name.replace("-", "_");
  c += `const ${type} encoding_${id}[] = {\n${numbers(table)}\n};\nconst guint n_encoding_${id} = ${table.length};\n\n`;
}
const ranges = getTable("gb18030-ranges");
c += `const guint32 encoding_gb18030_ranges[][2] = {\n${ranges.map(([pointer, point]) => `  { ${pointer}, ${point} },`).join("\n")}\n};\nconst guint n_encoding_gb18030_ranges = ${ranges.length};\n`;
writeFileSync(output, c);
