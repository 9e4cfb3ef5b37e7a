const assert = require("node:assert/strict");
const { firstValueFrom, from, interval, lastValueFrom, of, throwError, timer } = require("rxjs@7.8.2");
const { bufferCount, catchError, map, mergeMap, retry, take, timeout, toArray } = require("rxjs@7.8.2/operators");

module.exports = async () => {
  assert.deepEqual(await lastValueFrom(from([1, 2, 3, 4, 5]).pipe(map((n) => n * n), bufferCount(2), toArray())), [[1, 4], [9, 16], [25]]);
  assert.deepEqual(await lastValueFrom(interval(1).pipe(take(3), toArray())), [0, 1, 2]);
  assert.equal(await firstValueFrom(throwError(() => new Error("bad")).pipe(retry(2), catchError((error) => of(error.message)))), "bad");
  assert.deepEqual(await lastValueFrom(of("a", "b").pipe(mergeMap(async (text) => text.toUpperCase()), toArray())), ["A", "B"]);
  await assert.rejects(firstValueFrom(timer(1000).pipe(timeout(5))), { name: "TimeoutError" });
};
