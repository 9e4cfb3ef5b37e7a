// Every runaway program ends in an error that names a limit, in time, with what it had logged.
import assert from "node:assert/strict";
import { test } from "node:test";

import { programs } from "./runaway-programs.mjs";
import { isSanitized, runBlock } from "../support/tenon.mjs";

// How far past a limit an execution may be when it has ended, as its caller sees it. A sanitized build and a
// loaded machine are slower to notice, never slower to stop.
const graceMs = isSanitized ? 3000 : 600;

const sourceOf = (program) =>
  program.module ?? `module.exports = async (context, stepResults) => { ${program.code} }`;

const saysLine = (logs, line) =>
  logs.some(({ text }) => (line instanceof RegExp ? line.test(text) : text === line));

for (const program of programs)
  test(`${program.name} ends`, { timeout: 60_000 }, async () => {
    const report = await runBlock(sourceOf(program), { limits: program.limits });
    const shown = JSON.stringify(report).slice(0, 600);

    if (program.says !== undefined) assert.ok(saysLine(report.logs, program.says), shown);
    if (report.status === "succeeded") {
      assert.ok(program.mayFinish, `it succeeded: ${shown}`);
      return;
    }
    if (report.error.limit === undefined) {
      assert.ok(program.throws !== undefined || program.mayThrow, shown);
      if (program.throws !== undefined) assert.match(report.error.message, program.throws);
      return;
    }
    assert.ok(program.stops.includes(report.error.limit), shown);
    assert.match(report.error.message, new RegExp(`limit "${report.error.limit}"`));
    const most = { wallMs: program.limits.wallMs, cpuMs: program.limits.cpuMs };
    if (report.error.limit in most)
      assert.ok(
        report.durationMs < most[report.error.limit] * (isSanitized ? 3 : 1.5) + graceMs,
        `it took ${report.durationMs} ms`,
      );
  });
