// Bundles runtime/modules and runtime/services into one C file of scripts.
// node runtime/build.mjs OUTPUT.c
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const output = process.argv[2];

const namesIn = (folder) =>
  readdirSync(path.join(here, folder), { recursive: true })
    .filter((file) => file.endsWith(".js"))
    .map((file) => file.slice(0, -3).replaceAll("__", "/"));

const modules = namesIn("modules");
const services = namesIn("services");

const fileOf = (folder, name) => path.join(here, folder, `${name.replaceAll("/", "__")}.js`);

/** Leaves the names of our own modules to the realm's require; `npm:x` is the package even so. A service has no
 * require: what it needs of them goes into it. */
const ownModules = (folder) => ({
  name: "own-modules",
  setup(build) {
    build.onResolve({ filter: /^npm:/ }, ({ path: name, resolveDir }) =>
      build.resolve(name.slice(4), { resolveDir, kind: "require-call", pluginData: { isPackage: true } }),
    );
    build.onResolve({ filter: /^[a-z@]/ }, ({ path: name, pluginData }) => {
      const plain = name.replace(/^node:/, "").replace(/\/$/, "");
      if (pluginData?.isPackage || !modules.includes(plain)) return undefined;
      return folder === "services" ? { path: fileOf("modules", plain) } : { path: plain, external: true };
    });
  },
});

const bundle = async (folder, name) => {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [fileOf(folder, name)],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "neutral",
    target: "es2023",
    mainFields: ["main"],
    conditions: ["require", "default"],
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    define: { global: "globalThis", "process.env.NODE_DEBUG": "undefined", "process.env.NODE_ENV": '"production"' },
    plugins: [ownModules(folder)],
    logLevel: "error",
  });
  return `(function (native, require, module, exports) {${outputFiles[0].text}\n})`;
};

const bytes = (text) => {
  const buffer = Buffer.from(text);
  const lines = [];
  for (let i = 0; i < buffer.length; i += 32) lines.push([...buffer.subarray(i, i + 32)].join(","));
  return `${lines.join(",\n")}${buffer.length > 0 ? "," : ""}0`;
};

const globals = JSON.parse(readFileSync(path.join(here, "globals.json"), "utf8"));
const publicNames = JSON.parse(readFileSync(path.join(here, "public.json"), "utf8"));
const have = Object.entries(globals).filter(([, module]) => modules.includes(module));

const scripts = [];
for (const [folder, names] of [["modules", modules], ["services", services]])
  for (const name of names) scripts.push({ folder, name, text: await bundle(folder, name) });

let c = '#include "runtime/scripts.h"\n\n';
scripts.forEach(({ text }, i) => (c += `static const char script_${i}[] = { ${bytes(text)} };\n`));
c += "\nconst RuntimeScript runtime_scripts[] = {\n";
scripts.forEach(({ folder, name, text }, i) => {
  const isPublic = folder === "modules" && publicNames.includes(name);
  c += `  { "${name}", script_${i}, ${Buffer.byteLength(text)}, ${folder === "services" ? 1 : 0}, ${isPublic ? 1 : 0} },\n`;
});
c += "  { 0 },\n};\n\nconst RuntimeGlobal runtime_globals[] = {\n";
for (const [name, module] of have) c += `  { "${name}", "${module}" },\n`;
c += "  { 0 },\n};\n";
writeFileSync(output, c);
