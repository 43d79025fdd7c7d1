"""Writes a model that any llama-compatible server loads, and that says nothing of worth.

    python3 scripts/tiny_model.py FOLDER

FOLDER gets `tiny.gguf` (a Llama with two blocks and random weights, under 1 MB) and `Modelfile` (for
`ollama create NAME -f Modelfile`). Tests use it where they need a real server's protocol, streams
and token counts rather than sense: a call takes well under a second on any processor.

The same weights come out on every machine. The model never chooses to stop, so an answer is as
long as the caller allows (24 tokens unless asked otherwise), and a long stream can be abandoned.
One thread is the quickest for so small a model: several wait for each other, hundreds of times longer
on a machine that has other work to do.

Leave the temperature as it is for more than 24 tokens: at 0 the model repeats one word, and Ollama
cuts an answer off, without an error and without counts, after 30 equal tokens.
"""

import sys
from pathlib import Path

import gguf
import numpy as np

EMBEDDING = 64
FEED_FORWARD = 128
BLOCKS = 2
HEADS = 4
CONTEXT = 4096

WORDS = """
the a an and or of to in on for with from at by is was are be has have not this that it we you they
one two three red green blue old new small large quick slow river stone light night morning evening
water fire wind tree leaf bird horse house road bridge ship letter number answer question reason
story song bread salt glass paper silver copper iron north south east west winter summer spring
""".split()

MODELFILE = '''FROM ./tiny.gguf
TEMPLATE """{{ range .Messages }}{{ .Role }}: {{ .Content }}
{{ end }}assistant:"""
PARAMETER num_predict 24
PARAMETER seed 7
PARAMETER num_thread 1
'''


def vocabulary():
    """Yields (text, score, type): three specials, the 256 bytes, then pieces of words.

    The tokenizer only joins neighbours, so a word is reached through each of its beginnings: those
    are tokens as well. U+2581 stands for the space in front of a word.
    """
    yield "<unk>", 0.0, gguf.TokenType.UNKNOWN
    yield "<s>", 0.0, gguf.TokenType.CONTROL
    yield "</s>", 0.0, gguf.TokenType.CONTROL
    for byte in range(256):
        yield f"<0x{byte:02X}>", 0.0, gguf.TokenType.BYTE
    pieces = {"\u2581" + word[:end] for word in WORDS for end in range(len(word) + 1)}
    pieces |= set("abcdefghijklmnopqrstuvwxyz")
    for rank, piece in enumerate(sorted(pieces, key=lambda piece: (len(piece), piece))):
        yield piece, float(-rank), gguf.TokenType.NORMAL


def write(path):
    tokens, scores, types = zip(*vocabulary())
    random = np.random.RandomState(7)  # unlike newer generators, its numbers never change

    def weights(rows, columns):
        return (random.standard_normal((rows, columns)) / np.sqrt(columns)).astype(np.float32)

    def block_output(columns):
        rows = weights(EMBEDDING, columns)
        rows[0] = 0
        return rows

    # Column 0 is 1 in each token and no block writes to it, so that output can count on it: it makes
    # certain that only whole words are ever sampled, never a byte or the end of the text.
    embedding = weights(len(tokens), EMBEDDING)
    embedding[:, 0] = 1
    spoken = {"\u2581" + word for word in WORDS}
    output = weights(len(tokens), EMBEDDING) * 1.5
    for row, text in enumerate(tokens):
        output[row, 0] = 0
        if text not in spoken:
            output[row] = 0
            output[row, 0] = -40

    model = gguf.GGUFWriter(path, "llama")
    model.add_name("tiny")
    model.add_file_type(gguf.LlamaFileType.ALL_F32)
    model.add_context_length(CONTEXT)
    model.add_embedding_length(EMBEDDING)
    model.add_block_count(BLOCKS)
    model.add_feed_forward_length(FEED_FORWARD)
    model.add_head_count(HEADS)
    model.add_head_count_kv(HEADS)
    model.add_rope_dimension_count(EMBEDDING // HEADS)
    model.add_layer_norm_rms_eps(1e-5)
    model.add_vocab_size(len(tokens))

    model.add_tokenizer_model("llama")
    model.add_token_list(list(tokens))
    model.add_token_scores(list(scores))
    model.add_token_types(list(types))
    model.add_unk_token_id(0)
    model.add_bos_token_id(1)
    model.add_eos_token_id(2)

    model.add_tensor("token_embd.weight", embedding)
    for block in range(BLOCKS):
        model.add_tensor(f"blk.{block}.attn_norm.weight", np.ones(EMBEDDING, np.float32))
        for part in ("attn_q", "attn_k", "attn_v"):
            model.add_tensor(f"blk.{block}.{part}.weight", weights(EMBEDDING, EMBEDDING))
        model.add_tensor(f"blk.{block}.attn_output.weight", block_output(EMBEDDING))
        model.add_tensor(f"blk.{block}.ffn_norm.weight", np.ones(EMBEDDING, np.float32))
        model.add_tensor(f"blk.{block}.ffn_gate.weight", weights(FEED_FORWARD, EMBEDDING))
        model.add_tensor(f"blk.{block}.ffn_up.weight", weights(FEED_FORWARD, EMBEDDING))
        model.add_tensor(f"blk.{block}.ffn_down.weight", block_output(FEED_FORWARD))
    model.add_tensor("output_norm.weight", np.ones(EMBEDDING, np.float32))
    model.add_tensor("output.weight", output)

    model.write_header_to_file()
    model.write_kv_data_to_file()
    model.write_tensors_to_file()
    model.close()


def main():
    if len(sys.argv) != 2:
        sys.exit("name the folder to write to: python3 scripts/tiny_model.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(str(folder / "tiny.gguf"))
    (folder / "Modelfile").write_text(MODELFILE)


if __name__ == "__main__":
    main()
