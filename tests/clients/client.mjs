// The official JavaScript clients, pointed at a base URL.
//
//     client.mjs openai|anthropic whole|cancelled BASE_URL MODEL
//
// `whole` makes each kind of call and reads the answers to their end; `cancelled` leaves a stream after
// three events. A call prints one line of JSON: its name, the row that the answer's head names, and what
// the client itself says of tokens.

import { createRequire } from "node:module";

// The packages lie elsewhere.
const require = createRequire(process.env.NODE_CLIENTS);
const OpenAI = require("openai");
const Anthropic = require("@anthropic-ai/sdk");

const context = (name) => ({
  headers: { "spanledger-user": "42", "spanledger-tag-language": "javascript", "spanledger-task": name },
});

function say(call, headers, { input = null, output = null, error = null } = {}) {
  console.log(JSON.stringify({ call, row: headers.get("spanledger-row-id"), input, output, error }));
}

async function askOpenAi(client, model) {
  const question = { model, messages: [{ role: "user", content: "Which wood is this?" }] };
  {
    const { data, response } = await client.chat.completions.create(question, context("chat")).withResponse();
    say("chat", response.headers, { input: data.usage.prompt_tokens, output: data.usage.completion_tokens });
  }
  {
    const streamed = { ...question, stream: true, stream_options: { include_usage: true } };
    const { data, response } = await client.chat.completions
      .create(streamed, context("chat, stream"))
      .withResponse();
    let usage;
    for await (const chunk of data) usage = chunk.usage ?? usage;
    say("chat, stream", response.headers, { input: usage.prompt_tokens, output: usage.completion_tokens });
  }
  {
    const { data, response } = await client.responses
      .create({ model, input: "Which wood?" }, context("responses"))
      .withResponse();
    say("responses", response.headers, { input: data.usage.input_tokens, output: data.usage.output_tokens });
  }
  {
    const { data, response } = await client.embeddings
      .create({ model, input: "wood", encoding_format: "float" }, context("embeddings"))
      .withResponse();
    say("embeddings", response.headers, { input: data.usage.prompt_tokens });
  }
  try {
    await client.chat.completions.create({ ...question, model: "[429]" }, context("error"));
  } catch (error) {
    say("error", error.headers, { error: error.status });
  }
}

async function leaveOpenAi(client, model) {
  const question = { model, messages: [{ role: "user", content: "Tell a long story." }], max_tokens: 3000, stream: true };
  const { data, response } = await client.chat.completions.create(question, context("cancelled")).withResponse();
  let events = 0;
  for await (const _ of data) if (++events === 3) break;
  say("cancelled", response.headers);
}

async function askAnthropic(client, model) {
  const question = { model, max_tokens: 24, messages: [{ role: "user", content: "Which wood is this?" }] };
  {
    const { data, response } = await client.messages.create(question, context("messages")).withResponse();
    say("messages", response.headers, { input: data.usage.input_tokens, output: data.usage.output_tokens });
  }
  {
    const stream = client.messages.stream(question, context("messages, stream"));
    const { response } = await stream.withResponse();
    const { usage } = await stream.finalMessage();
    say("messages, stream", response.headers, { input: usage.input_tokens, output: usage.output_tokens });
  }
  try {
    await client.messages.create({ ...question, model: "[429]" }, context("error"));
  } catch (error) {
    say("error", error.headers, { error: error.status });
  }
}

async function leaveAnthropic(client, model) {
  const messages = [{ role: "user", content: "Tell a long story." }];
  const question = { model, max_tokens: 3000, messages, stream: true };
  const { data, response } = await client.messages.create(question, context("cancelled")).withResponse();
  let events = 0;
  for await (const _ of data) if (++events === 3) break;
  say("cancelled", response.headers);
}

const [api, ending, baseURL, model] = process.argv.slice(2);
// A retry would be a call of its own.
const choices = { baseURL, apiKey: "cAnArY-7f3a", maxRetries: 0 };
if (api === "openai") {
  await (ending === "whole" ? askOpenAi : leaveOpenAi)(new OpenAI(choices), model);
} else {
  await (ending === "whole" ? askAnthropic : leaveAnthropic)(new Anthropic(choices), model);
}
