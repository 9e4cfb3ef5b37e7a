// The types of an integration's code, checked by TypeScript. Run by node as `tenon check` does its work
// (type_check.c): a description as JSON on standard input, the faults as JSON on standard output. Code is
// read, never run.
//
//   {typescript, nodeTypes, folder, files: {name: text}, blocks: [{name, text?, type}], packages: {folder, names}}
//     typescript  the package's folder
//     nodeTypes   folder that holds node/, the types of Node.js
//     files       of Tenon's own making, as if they lay in the folder
//     blocks      code files by name, and with `text` those that stand in the definition; `type` is what
//                 Tenon expects of it
//     packages    where npm has put what the code asks for, and its names there
//   {faults: [{file, block, line, column, message, isError}]}
//     block       index of the block whose own text it is about, else -1
//     line        from 1; 0 where it is about a whole file
//     column      in bytes, from 0
"use strict";
const fs = require("fs");
const path = require("path");

const MOST_FAULTS = 200;
/** Its outer half repeats the whole function's type. */
const UNSATISFIED = 1360;
const CANNOT_FIND_MODULE = new Set([2307, 2792, 7016]);

const input = JSON.parse(fs.readFileSync(0, "utf8"));
const ts = require(input.typescript);
const { folder } = input;

const inFolder = (name) => path.posix.join(folder, name);
const isTypeScript = (name) => /\.[cm]?ts$/.test(name);

// --- what stands in for a file ---

/** Texts by full path: Tenon's declarations, blocks of the definition, and code with its type put in. */
const texts = new Map(Object.entries(input.files).map(([name, text]) => [inFolder(name), text]));
/** By full path: places where text was put in, {at, length}, in order. */
const additions = new Map();
const blockOf = new Map();

/** The function that a file exports, if it stands right there and has no types of its own. */
const findPlainExport = (source) => {
  for (const statement of source.statements) {
    let found;
    if (ts.isExportAssignment(statement) && !statement.isExportEquals) found = statement.expression;
    else if (
      ts.isExpressionStatement(statement) &&
      ts.isBinaryExpression(statement.expression) &&
      statement.expression.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
      ["module.exports", "exports.default"].includes(statement.expression.left.getText(source))
    )
      found = statement.expression.right;
    if (found === undefined || !(ts.isArrowFunction(found) || ts.isFunctionExpression(found))) continue;
    const hasTypes =
      found.type !== undefined ||
      ts.getJSDocTypeTag(statement) !== undefined ||
      ts.getJSDocTags(statement).length > 0 ||
      found.parameters.some((parameter) => parameter.type !== undefined);
    return hasTypes ? undefined : found;
  }
  return undefined;
};

/** A block that says nothing of types gets those that its step has, so that it needs no ceremony. */
const withType = (name, text, type) => {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found = type === "" ? undefined : findPlainExport(source);
  if (found === undefined) return;
  const start = found.getStart(source);
  const [before, after] = isTypeScript(name) ? ["(", `) satisfies ${type}`] : [`/** @satisfies {${type}} */(`, ")"];
  texts.set(name, text.slice(0, start) + before + text.slice(start, found.end) + after + text.slice(found.end));
  additions.set(name, [
    { at: start, length: before.length },
    { at: found.end, length: after.length },
  ]);
};

const authorsText = (name) => {
  const index = blockOf.get(name);
  return input.blocks[index]?.text ?? ts.sys.readFile(name) ?? "";
};

/** A place in what TypeScript saw, as one of the author's own text. */
const authorsOffset = (name, offset) => {
  let added = 0;
  for (const { at, length } of additions.get(name) ?? []) {
    if (offset < at + added) break;
    added += Math.min(length, offset - at - added);
  }
  return offset - added;
};

// --- options ---

const faults = [];

/** What is wrong, and the innermost of its reasons. */
const message = ({ messageText, code }) => {
  let last = messageText;
  while (typeof last !== "string" && last.next?.length > 0) last = last.next[0];
  const outer = typeof messageText === "string" ? messageText : messageText.messageText;
  const inner = typeof last === "string" ? last : last.messageText;
  const text = inner === outer ? outer : code === UNSATISFIED ? inner : `${outer} ${inner}`;
  return `${text.replace(/\s*\n\s*/g, " ")} (TS${code})`;
};

const addFault = (fault) => {
  if (faults.length < MOST_FAULTS) faults.push(fault);
};

const readOptions = () => {
  const name = ["tsconfig.json", "jsconfig.json"].find((file) => ts.sys.fileExists(inFolder(file)));
  if (name === undefined) return { strict: true, noImplicitAny: false };
  const { config, error } = ts.readConfigFile(inFolder(name), ts.sys.readFile);
  // Which files there are is not its business: those of the steps count, and what they import.
  const host = { ...ts.sys, readDirectory: () => [] };
  const parsed = ts.parseJsonConfigFileContent({ ...config, files: ["tenon.d.ts"] }, host, folder);
  for (const problem of error === undefined ? parsed.errors : [error])
    addFault({ file: name, block: -1, line: 0, column: 0, message: message(problem), isError: true });
  return parsed.options;
};

const fixedOptions = {
  noEmit: true,
  allowJs: true,
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  esModuleInterop: true,
  skipLibCheck: true,
  isolatedModules: undefined,
  types: ["node"],
};
const notOurs = ["incremental", "composite", "declaration", "declarationMap", "emitDeclarationOnly", "outDir", "outFile", "rootDir", "tsBuildInfoFile", "baseUrl"];

const makeOptions = () => {
  const options = { target: ts.ScriptTarget.ES2022, lib: ["lib.es2023.d.ts"], ...readOptions(), ...fixedOptions };
  for (const name of notOurs) delete options[name];
  options.typeRoots = [inFolder("node_modules/@types"), input.nodeTypes].filter((root) =>
    ts.sys.directoryExists(path.join(root, "node")),
  );
  return options;
};

// --- the check ---

const makeHost = (options) => {
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile, getSourceFile } = host;
  host.getCurrentDirectory = () => folder;
  host.fileExists = (name) => texts.has(name) || fileExists.call(host, name);
  host.readFile = (name) => texts.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, languageVersion, ...rest) =>
    texts.has(name)
      ? ts.createSourceFile(name, texts.get(name), languageVersion, true)
      : getSourceFile.call(host, name, languageVersion, ...rest);
  host.resolveModuleNameLiterals = resolvePackages(host, options);
  return host;
};

/** A package has the types that it brings, wherever it is installed. */
const resolvePackages = (host, options) => (literals, containingFile, redirected, _, sourceFile) =>
  literals.map((literal) => {
    const mode = ts.getModeForUsageLocation(sourceFile, literal, options);
    const resolve = (name, from) => ts.resolveModuleName(name, from, options, host, undefined, redirected, mode);
    const found = resolve(literal.text, containingFile);
    const installed = input.packages.names[literal.text];
    if (found.resolvedModule !== undefined || installed === undefined) return found;
    return resolve(installed, path.posix.join(input.packages.folder, "code.ts"));
  });

/** Packages are installed and found when a version is built; those without types are any. */
const isPackage = (diagnostic) => {
  if (!CANNOT_FIND_MODULE.has(diagnostic.code)) return false;
  const quoted = diagnostic.file?.text.slice(diagnostic.start + 1, diagnostic.start + diagnostic.length - 1) ?? ".";
  return !/^\.{0,2}\//.test(quoted) && quoted !== "." && quoted !== "..";
};

const addDiagnostic = (diagnostic) => {
  const name = diagnostic.file.fileName;
  const text = authorsText(name);
  const before = text.slice(0, authorsOffset(name, diagnostic.start ?? 0));
  const lineStart = before.lastIndexOf("\n") + 1;
  const index = blockOf.get(name);
  addFault({
    file: path.posix.relative(folder, name),
    block: index !== undefined && input.blocks[index].text !== undefined ? index : -1,
    line: before.split("\n").length,
    column: Buffer.byteLength(before.slice(lineStart)),
    message: message(diagnostic),
    isError: diagnostic.category === ts.DiagnosticCategory.Error,
  });
};

const isAuthors = (source) =>
  !source.isDeclarationFile &&
  (blockOf.has(source.fileName) ||
    (source.fileName.startsWith(`${folder}/`) && !source.fileName.includes("/node_modules/")));

const check = () => {
  const options = makeOptions();
  const roots = [...texts.keys()];
  input.blocks.forEach(({ name, text, type }, index) => {
    // Blocks of the definition are JavaScript; no file has such a name.
    const file = inFolder(text === undefined ? name : `${name}#${index}.js`);
    blockOf.set(file, index);
    roots.push(file);
    if (text !== undefined) texts.set(file, text);
    withType(file, text ?? ts.sys.readFile(file) ?? "", type);
  });
  const program = ts.createProgram({ rootNames: roots, options, host: makeHost(options) });
  for (const problem of program.getOptionsDiagnostics().filter(({ file }) => file === undefined))
    addFault({ file: "tsconfig.json", block: -1, line: 0, column: 0, message: message(problem), isError: false });
  for (const source of program.getSourceFiles().filter(isAuthors)) {
    const isChecked = isTypeScript(source.fileName) || (source.checkJsDirective?.enabled ?? options.checkJs ?? false);
    if (!isChecked) continue;
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    found.filter((diagnostic) => !isPackage(diagnostic)).forEach(addDiagnostic);
  }
};

check();
process.stdout.write(JSON.stringify({ faults }));
