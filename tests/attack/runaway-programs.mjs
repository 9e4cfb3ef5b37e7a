// Programs that never end, or take everything: each with the limits it is run under and the limits that may
// stop it. `says` is a line that must be in the log although the program was stopped. Wrapped in
// `module.exports = async () => { … }` unless `module` gives a whole text.

const cpu = { limits: { cpuMs: 300, wallMs: 5000, memoryMb: 256 }, stops: ["cpuMs"] };
const wall = { limits: { wallMs: 400, cpuMs: 60000, memoryMb: 256 }, stops: ["wallMs"] };
// What allocates in a loop may reach its processor time before its memory, or get an error of the language.
const memory = {
  limits: { memoryMb: 96, cpuMs: 8000, wallMs: 15000 },
  stops: ["memoryMb", "cpuMs"],
  mayThrow: true,
};

const say = 'console.log("started");';

export const programs = [
  // --- loops ---
  { name: "for (;;)", code: `${say} for (;;) {}`, ...cpu, says: "started" },
  { name: "while with catch and finally", code: `${say} for (;;) { try { for (;;) {} } catch { continue } finally { for (;;) {} } }`, ...cpu, says: "started" },
  { name: "do while with labels", code: `${say} outer: do { do { continue outer } while (true) } while (true)`, ...cpu, says: "started" },
  { name: "module that never loads", module: "for (;;) {}", ...cpu },
  { name: "endless recursion through catch", code: "const f = () => { try { f() } catch { f() } }; f()", ...cpu, stops: ["cpuMs", "memoryMb"], mayThrow: true },
  { name: "deep recursion", code: "const f = () => f() + 1; f()", ...cpu, throws: /call stack/ },
  { name: "recursion through a getter", code: "const o = { get x() { return this.x } }; o.x", ...cpu, throws: /call stack/ },
  { name: "recursion through toString", code: "const o = { toString() { return `${o}` } }; `${o}`", ...cpu, throws: /call stack/ },
  { name: "generator without end", code: `${say} function* g() { for (;;) yield 1 } for (const x of g());`, ...cpu, says: "started" },
  { name: "iterator without end, spread", code: "const o = { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }) }) }; [...o]", ...memory },
  { name: "async generator without end", code: `${say} async function* g() { for (;;) yield 1 } for await (const x of g());`, ...cpu, says: "started" },

  // --- promises ---
  { name: "while (true) await null", code: `${say} while (true) await null`, ...cpu, says: "started" },
  { name: "await null in catch", code: "for (;;) { try { await null; throw 1 } catch { await null } }", ...cpu },
  { name: "a then that chains itself", code: "const f = () => Promise.resolve().then(f); await f()", ...cpu, ...{ stops: ["cpuMs", "memoryMb"] } },
  { name: "queueMicrotask for ever", code: "const f = () => queueMicrotask(f); f(); await new Promise(() => {})", ...cpu },
  { name: "process.nextTick for ever", code: "const f = () => process.nextTick(f); f(); await new Promise(() => {})", ...cpu },
  { name: "promise storm", code: "for (;;) Promise.resolve().then(() => {})", ...memory },
  { name: "promise storm that doubles", code: "const f = () => { Promise.resolve().then(f); Promise.resolve().then(f) }; f(); await new Promise(() => {})", ...memory },
  { name: "a thenable that never settles", code: "await { then() {} }", limits: wall.limits, stops: [], throws: /never finish/ },
  { name: "a promise nobody resolves", code: "await new Promise(() => {})", limits: wall.limits, stops: [], throws: /never finish/ },
  { name: "a thenable that resolves to itself for ever", code: "const t = { then(r) { r({ then: t.then }) } }; await t", ...cpu },

  // --- timers ---
  { name: "a timer that is always set again", code: `${say} const f = () => setTimeout(f, 0); f(); await new Promise(() => {})`, limits: wall.limits, stops: ["wallMs", "cpuMs"], says: "started" },
  { name: "setImmediate for ever", code: "const f = () => setImmediate(f); f(); await new Promise(() => {})", limits: wall.limits, stops: ["wallMs", "cpuMs"] },
  { name: "a sleep past the wall clock", code: `${say} await new Promise((r) => setTimeout(r, 60000))`, ...wall, says: "started" },
  { name: "a million timers", code: "for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 1e6); await new Promise(() => {})", limits: { ...wall.limits, timers: 1000 }, stops: ["timers"] },
  { name: "setInterval that loops", code: "setInterval(() => { for (;;) {} }, 1); await new Promise(() => {})", ...cpu },

  // --- memory ---
  { name: "new Array(1e9).fill({})", code: `${say} new Array(1e9).fill({})`, ...memory, says: "started" },
  { name: "strings that double", code: `${say} let s = "x"; for (;;) s += s`, ...memory, says: "started" },
  { name: "'x'.repeat(2**30) in a loop", code: 'const all = []; for (;;) all.push("x".repeat(2 ** 30).replace(/./, "y"))', ...memory },
  { name: "flattened ropes", code: 'const all = []; for (let i = 0; ; i++) { const s = "x".repeat(1e6) + i; all.push(s.toUpperCase()) }', ...memory },
  { name: "arrays that grow", code: `${say} const a = []; for (;;) a.push({ a: [1, 2, 3] })`, ...memory, says: "started" },
  { name: "typed arrays", code: "const all = []; for (;;) all.push(new Uint8Array(1 << 24).fill(1))", ...memory },
  { name: "one huge ArrayBuffer, touched", code: "const b = new Uint8Array(2 ** 31); b.fill(7); return { data: b.length }", ...memory },
  { name: "Buffers", code: "const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))", ...memory },
  { name: "a Map without end", code: "const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })", ...memory },
  { name: "closures that keep their parents", code: "let f = () => {}; for (;;) { const g = f; f = () => g }", ...memory },
  { name: "bigints that square", code: "let n = 3n; for (;;) n = n * n", ...memory },
  { name: "WebAssembly memory", code: "const all = []; for (;;) { const m = new WebAssembly.Memory({ initial: 512 }); new Uint8Array(m.buffer).fill(1); all.push(m) }", ...memory },
  { name: "async growth between timers", code: "const a = []; for (;;) { for (let i = 0; i < 2e5; i++) a.push({ i }); await new Promise((r) => setTimeout(r, 0)) }", ...memory },

  // --- native code that does not come back ---
  { name: "a regular expression that backtracks for ever", code: `${say} /^(a+)+$/.test("a".repeat(64) + "b")`, ...cpu, says: "started", mayThrow: true, mayFinish: true },
  { name: "a regular expression with backreferences", code: '/^(?:(a|aa)+)\\1?(?:(a|aa)+)\\2b$/.exec("a".repeat(48))', ...cpu, mayThrow: true, mayFinish: true },
  { name: "a huge JSON.stringify", code: "const a = new Array(3e6).fill({ a: 1, b: [1, 2, 3], c: 'text' }); for (;;) JSON.stringify(a)", limits: { cpuMs: 800, wallMs: 15000, memoryMb: 700 }, stops: ["cpuMs", "memoryMb"], mayThrow: true },
  { name: "a huge JSON.parse", code: "const t = '[' + '[1],'.repeat(4e6) + '1]'; for (;;) JSON.parse(t)", limits: { cpuMs: 800, wallMs: 15000, memoryMb: 700 }, stops: ["cpuMs", "memoryMb"] },
  { name: "JSON nested deeply", code: "JSON.parse('['.repeat(1e7))", ...memory, mayThrow: true },
  { name: "a sort with a hostile comparator", code: `${say} new Array(1e5).fill(0).map((_, i) => i).sort(() => { for (let i = 0; i < 1e6; i++); return Math.random() - 0.5 })`, ...cpu, says: "started" },
  { name: "a proxy that loops", code: "const p = new Proxy({}, { get() { for (;;) {} } }); p.x", ...cpu },
  { name: "a proxy with endless keys", code: "const p = new Proxy({}, { ownKeys() { for (;;) {} } }); Object.keys(p)", ...cpu },
  { name: "a getter that loops, returned as data", code: "return { data: { get x() { for (;;) {} } } }", ...cpu },
  { name: "toJSON that loops, returned as data", code: "return { data: { toJSON() { for (;;) {} } } }", ...cpu },
  { name: "an error whose message loops", code: "throw { get message() { for (;;) {} } }", ...cpu },
  { name: "an error whose stack loops", code: "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;) {} } }); throw e", ...cpu, mayThrow: true },
  { name: "an inspect that loops", code: 'console.log({ [Symbol.for("nodejs.util.inspect.custom")]() { for (;;) {} } })', ...cpu },
  { name: "Atomics.wait", code: `${say} Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`, ...wall, says: "started", mayThrow: true },
  { name: "String.prototype.padEnd", code: 'for (;;) "x".padEnd(2 ** 29, "ab").split("a").length', ...memory },
  { name: "Array.prototype.join of itself", code: "const a = new Array(1e8); for (;;) a.join('abc').length", ...memory },
  { name: "Intl without end", code: "for (;;) new Intl.DateTimeFormat('de', { dateStyle: 'full' }).format(new Date())", ...cpu, stops: ["cpuMs", "memoryMb"] },
  { name: "WebAssembly that loops", code: "const bytes = new Uint8Array([0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,9,1,7,0,3,64,12,0,11,11]); new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f()", ...cpu },

  // --- logs and results ---
  { name: "a log of a gigabyte", code: 'const line = "x".repeat(4000); for (;;) console.log(line)', limits: { logBytes: 1 << 20, cpuMs: 20000, wallMs: 20000 }, stops: ["logBytes"], says: /^x{4000}$/ },
  { name: "one log line of a gigabyte", code: 'console.log("x".repeat(2 ** 29)); return { data: "done" }', ...memory, mayFinish: true },
  { name: "a result over the limit", code: 'return { data: "x".repeat(2 << 20) }', limits: { resultBytes: 1 << 20 }, stops: ["resultBytes"] },
  { name: "a result nested without end", code: "let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return { data: a }", ...memory, mayThrow: true },
];
