// Node's HTTP server doing the benchmark's work without isolation: one function, loaded once.
import { createServer } from "node:http";

const block = async (context, stepResults) => {
  const { foo, baz } = stepResults.webhook.results.body.data;
  return { data: { greeting: `Hello ${foo}`, doubled: baz * 2 } };
};

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", async () => {
    const data = JSON.parse(Buffer.concat(chunks).toString());
    const result = await block({ configVars: {} }, { webhook: { results: { body: { data } } } });
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(result.data));
  });
});
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => console.log(server.address().port));
