"""The official Python clients, pointed at a base URL.

    client.py openai|anthropic whole|cancelled BASE_URL MODEL

`whole` makes each kind of call and reads the answers to their end; `cancelled` leaves a stream after
three events. A call prints one line of JSON: its name, the row that the answer's head names, and what
the client itself says of tokens.
"""

import json
import sys

import anthropic
import openai

CONTEXT = {"spanledger-user": "42", "spanledger-tag-language": "python"}


def headers(name):
    return {**CONTEXT, "spanledger-task": name}


def say(name, answered, input=None, output=None, error=None):
    row = answered.headers.get("spanledger-row-id")
    print(json.dumps({"call": name, "row": row, "input": input, "output": output, "error": error}), flush=True)


def ask_openai(client, model):
    question = {"model": model, "messages": [{"role": "user", "content": "Which wood is this?"}]}

    answered = client.chat.completions.with_raw_response.create(**question, extra_headers=headers("chat"))
    usage = answered.parse().usage
    say("chat", answered, usage.prompt_tokens, usage.completion_tokens)

    options = {"stream": True, "stream_options": {"include_usage": True}}
    answered = client.chat.completions.with_raw_response.create(
        **question, **options, extra_headers=headers("chat, stream")
    )
    usage = [chunk.usage for chunk in answered.parse() if chunk.usage][-1]
    say("chat, stream", answered, usage.prompt_tokens, usage.completion_tokens)

    answered = client.responses.with_raw_response.create(
        model=model, input="Which wood?", extra_headers=headers("responses")
    )
    usage = answered.parse().usage
    say("responses", answered, usage.input_tokens, usage.output_tokens)

    answered = client.embeddings.with_raw_response.create(
        model=model, input="wood", encoding_format="float", extra_headers=headers("embeddings")
    )
    say("embeddings", answered, answered.parse().usage.prompt_tokens)

    try:
        client.chat.completions.create(model="[429]", messages=question["messages"], extra_headers=headers("error"))
    except openai.APIStatusError as error:
        say("error", error.response, error=error.status_code)


def leave_openai(client, model):
    answered = client.chat.completions.with_raw_response.create(
        model=model,
        messages=[{"role": "user", "content": "Tell a long story."}],
        max_tokens=3000,
        stream=True,
        extra_headers=headers("cancelled"),
    )
    stream = answered.parse()
    for _ in range(3):
        next(stream)
    stream.close()
    say("cancelled", answered)


def ask_anthropic(client, model):
    question = {
        "model": model,
        "max_tokens": 24,
        "messages": [{"role": "user", "content": "Which wood is this?"}],
    }
    answered = client.messages.with_raw_response.create(**question, extra_headers=headers("messages"))
    usage = answered.parse().usage
    say("messages", answered, usage.input_tokens, usage.output_tokens)

    with client.messages.stream(**question, extra_headers=headers("messages, stream")) as stream:
        usage = stream.get_final_message().usage
        say("messages, stream", stream.response, usage.input_tokens, usage.output_tokens)

    try:
        client.messages.create(**{**question, "model": "[429]"}, extra_headers=headers("error"))
    except anthropic.APIStatusError as error:
        say("error", error.response, error=error.status_code)


def leave_anthropic(client, model):
    answered = client.messages.with_raw_response.create(
        model=model,
        max_tokens=3000,
        messages=[{"role": "user", "content": "Tell a long story."}],
        stream=True,
        extra_headers=headers("cancelled"),
    )
    stream = answered.parse()
    for _ in range(3):
        next(stream)
    stream.close()
    say("cancelled", answered)


def main():
    api, ending, base_url, model = sys.argv[1:]
    # A retry would be a call of its own.
    choices = {"base_url": base_url, "api_key": "cAnArY-7f3a", "max_retries": 0}
    if api == "openai":
        client = openai.OpenAI(**choices)
        (ask_openai if ending == "whole" else leave_openai)(client, model)
    else:
        client = anthropic.Anthropic(**choices)
        (ask_anthropic if ending == "whole" else leave_anthropic)(client, model)


if __name__ == "__main__":
    main()
