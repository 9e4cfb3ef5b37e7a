const assert = require("node:assert/strict");
const { default: OpenAI, AuthenticationError, toFile } = require("openai@6.49.0");

module.exports = async (context, { webhook }) => {
  const baseURL = `${webhook.results.body.data.http}/openai`;
  const client = new OpenAI({ apiKey: "sk-1", baseURL, maxRetries: 0 });
  const messages = [{ role: "user", content: "hello there, world" }];
  const { choices } = await client.chat.completions.create({ model: "m", messages });
  assert.equal(choices[0].message.content, "You said: hello there, world");
  const words = [];
  for await (const chunk of await client.chat.completions.create({ model: "m", messages, stream: true })) words.push(chunk.choices[0].delta.content);
  assert.deepEqual(words, ["hello", "there,", "world"]);
  const file = await client.files.create({ file: await toFile(Buffer.from('{"a":1}\n'), "train.jsonl"), purpose: "batch" });
  assert.deepEqual([file.id, file.purpose, file.filename], ["file-1", "batch", "train.jsonl"]);
  await assert.rejects(new OpenAI({ apiKey: "sk-2", baseURL, maxRetries: 0 }).models.list(), (error) => error instanceof AuthenticationError && error.code === "invalid_api_key");
};
