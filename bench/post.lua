wrk.method = "POST"
wrk.body = '{"foo":"bar","baz":123}'
wrk.headers["Content-Type"] = "application/json"

done = function (summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    "RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), latency.max,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
