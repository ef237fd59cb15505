# SPDX-License-Identifier: MIT
"""The query of `albef bench` in PyTorch: picture and sentence to a Grad-CAM map per token, from torch.nn alone.

    torch_query.py --check CASES OURS      the same values as the engine's? OURS: a dump of conformance on CASES
    torch_query.py [--threads N] [--runs N] [--slow-runs N] [--tokens N] [--resolution N]

Prints JSON. These ways are timed, on random weights of the official sizes (ViT-B/16, BERT-base with cross-attention in
its upper half):

  official  as the official code does it: everything for every query, with the gradients of all parameters
  kind      what PyTorch can do when asked for no more than the maps: the picture without a tape, its keys and values
            kept; text layers without a tape; a tape from the attention of the tapped layer on, and the gradient of
            that attention alone (torch.autograd.grad); fused attention where no map is wanted
  tokens    as kind, but only the picture's tokens are kept
  onednn    as kind, with the picture's products by PyTorch's oneDNN instead of its BLAS (which may be slow on some
            processors; see flop_per_s)

The layers' attributes are named so that the official checkpoints' keys follow from them (see key_of).
"""
import argparse
import json
import re
import statistics
import struct
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils import mkldnn

OFFICIAL = {"image_res": 384, "patch_size": 16, "vision_width": 768, "vision_depth": 12, "vision_heads": 12,
            "bert": {"vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
                     "intermediate_size": 3072, "fusion_layer": 6, "encoder_width": 768, "max_position_embeddings": 512,
                     "layer_norm_eps": 1e-12}}
TAP = 8  # BERT layer from 0: the 3rd fusion layer
TOLERANCE = 1e-4


# ---------------------------------------------------------------------------------------------------
# The model


def attend(q, k, v, heads, mask=None, keep=None):
    """softmax(q k^T / sqrt(d) + mask) v. `keep` (a function) is given the probabilities and returns those to use;
    without it and with `fused` set the whole runs as one kernel."""
    (batch, n, width), d = q.shape, q.shape[-1] // heads
    q, k, v = (x.view(x.shape[0], -1, heads, d).transpose(1, 2) for x in (q, k, v))
    if keep is None and attend.fused:
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    else:
        scores = q @ k.transpose(-1, -2) / d ** 0.5
        probs = (scores if mask is None else scores + mask).softmax(-1)
        out = (keep(probs) if keep else probs) @ v
    return out.transpose(1, 2).reshape(batch, n, width)


attend.fused = False


class Block(nn.Module):
    """A layer of the image encoder: norm first."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.proj(attend(*self.qkv(self.norm1(x)).chunk(3, -1), self.heads))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Vision(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, side = c["vision_width"], c["image_res"] // c["patch_size"]
        self.patch = nn.Conv2d(3, width, c["patch_size"], c["patch_size"])
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, side * side + 1, width))
        self.blocks = nn.ModuleList(Block(width, c["vision_heads"]) for _ in range(c["vision_depth"]))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Attention(nn.Module):
    def __init__(self, width, source, eps):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(width, width), nn.Linear(source, width), nn.Linear(source, width)
        self.dense, self.norm = nn.Linear(width, width), nn.LayerNorm(width, eps=eps)

    def forward(self, x, keys, heads, mask=None, keep=None):
        return self.norm(self.dense(attend(self.query(x), *keys, heads, mask, keep)) + x)

    def keys(self, source):
        return self.key(source), self.value(source)


class Layer(nn.Module):
    """A layer of the text or fusion encoder: norm after each sum."""

    def __init__(self, b, fusion):
        super().__init__()
        width, eps = b["hidden_size"], b["layer_norm_eps"]
        self.heads = b["num_attention_heads"]
        self.self_attention = Attention(width, width, eps)
        if fusion:
            self.cross_attention = Attention(width, b["encoder_width"], eps)
        self.intermediate = nn.Linear(width, b["intermediate_size"])
        self.dense, self.norm = nn.Linear(b["intermediate_size"], width), nn.LayerNorm(width, eps=eps)

    def forward(self, x, mask, keys=None, keep=None):
        x = self.self_attention(x, self.self_attention.keys(x), self.heads, mask)
        if keys is not None:
            x = self.cross_attention(x, keys, self.heads, keep=keep)
        return self.norm(self.dense(F.gelu(self.intermediate(x))) + x)


class Albef(nn.Module):
    def __init__(self, c):
        super().__init__()
        b = c["bert"]
        self.fusion_layer = b["fusion_layer"]
        self.vision = Vision(c)
        width = b["hidden_size"]
        self.word = nn.Embedding(b["vocab_size"], width)
        self.position = nn.Embedding(b["max_position_embeddings"], width)
        self.token_type, self.norm = nn.Embedding(2, width), nn.LayerNorm(width, eps=b["layer_norm_eps"])
        self.layers = nn.ModuleList(Layer(b, i >= b["fusion_layer"]) for i in range(b["num_hidden_layers"]))
        self.itm_head = nn.Linear(width, 2)

    def embed(self, ids):
        return self.norm(self.word(ids) + self.token_type.weight[0] + self.position.weight[:ids.shape[1]])

    def keys(self, tokens):
        """Per fusion layer: all that it needs of the picture."""
        return [layer.cross_attention.keys(tokens) for layer in self.layers[self.fusion_layer:]]


OFFICIAL_NAMES = [(r"^vision\.patch\.", "vision.patch_embed.proj."),
                  (r"(vision\.blocks\.\d+\.)(qkv|proj)", r"\1attn.\2"),
                  (r"(vision\.blocks\.\d+\.)(fc)", r"\1mlp.\2"), (r"^vision", "visual_encoder"),
                  (r"^(word|position|token_type)\.", r"embeddings.\1_embeddings."),
                  (r"^norm\.", "embeddings.LayerNorm."), (r"^(layers\.\d+\.)(dense|norm)\.", r"\1output.\2."),
                  (r"self_attention\.(query|key|value)", r"attention.self.\1"),
                  (r"cross_attention\.(query|key|value)", r"crossattention.self.\1"),
                  (r"self_attention\.", "attention.output."), (r"cross_attention\.", "crossattention.output."),
                  (r"intermediate\.", "intermediate.dense."), (r"^(layers\..*)norm\.", r"\1LayerNorm."),
                  (r"^layers\.", "encoder.layer."), (r"^(embeddings|encoder)", r"text_encoder.bert.\1")]


def key_of(name):
    """The official checkpoints' name of a parameter."""
    for pattern, replacement in OFFICIAL_NAMES:
        name = re.sub(pattern, replacement, name)
    return name


# ---------------------------------------------------------------------------------------------------
# The ways to a map: each returns logits, attention and its gradient


def official(model, image, ids, tap, mask=None):
    kept = []

    def keep(probs):
        probs.retain_grad()
        kept.append(probs)
        return probs

    attend.fused = False
    model.zero_grad()
    tokens, x = model.vision(image), model.embed(ids)
    for i, layer in enumerate(model.layers):
        keys = layer.cross_attention.keys(tokens) if i >= model.fusion_layer else None
        x = layer(x, mask, keys, keep if i == tap else None)
    logits = model.itm_head(x[:, 0])
    logits[:, 1].sum().backward()
    return logits.detach(), kept[0].detach(), kept[0].grad


@torch.no_grad()
def picture(model, image):
    attend.fused = True
    return model.vision(image)


@torch.no_grad()
def keys_of_picture(model, image):
    return model.keys(picture(model, image))


def kind(model, keys, ids, tap, mask=None):
    """`keys` as model.keys gives them. The parameters must not require a gradient."""
    kept = []

    def keep(probs):
        kept.append(probs.detach().requires_grad_())
        return kept[0]

    attend.fused = True
    with torch.no_grad():
        x = model.embed(ids)
        for i in range(tap):
            x = model.layers[i](x, mask, keys[i - model.fusion_layer] if i >= model.fusion_layer else None)
    x = x.detach()
    for i in range(tap, len(model.layers)):
        x = model.layers[i](x, mask, keys[i - model.fusion_layer], keep if i == tap else None)
    logits = model.itm_head(x[:, 0])
    (gradient,) = torch.autograd.grad(logits[:, 1].sum(), kept[0])
    return logits.detach(), kept[0].detach(), gradient


def give_to_onednn(module, names):
    """Replaces those linear layers by ones with weights packed for oneDNN; they are for inference only."""
    for child_name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            if child_name in names:
                setattr(module, child_name, mkldnn.to_mkldnn(child))
        else:
            give_to_onednn(child, names)


def give_pictures_to_onednn(model):
    give_to_onednn(model.vision, ("qkv", "proj", "fc1", "fc2"))
    for layer in model.layers[model.fusion_layer:]:
        give_to_onednn(layer.cross_attention, ("key", "value"))


def maps_of(attention, gradient):
    """Per token: mean over heads of attention x max (gradient, 0), without the class token's cell."""
    return (attention * gradient.clamp(min=0))[..., 1:].mean(1)


# ---------------------------------------------------------------------------------------------------
# Is it the same? Values on the small reference model, held against the engine's


def read_safetensors(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8:8 + length])
    aliases = json.loads(header.pop("__metadata__", {}).get("aliases", "{}"))
    types = {"F32": torch.float32, "I64": torch.int64}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        values = torch.frombuffer(bytearray(content[begin:end]), dtype=types[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
    tensors.update({alias: tensors[name] for alias, name in aliases.items()})
    return tensors


def difference(value, expected):
    return ((value - expected).abs().max() / expected.abs().max()).item()


def check(cases, ours):
    with open(cases + "/config.json") as file:
        config = json.load(file)["tiny"]
    model = Albef(config).eval()
    weights = read_safetensors(cases + "/weights_pretrain.safetensors")
    model.load_state_dict({name: weights[key_of(name)] for name, _ in model.named_parameters()})
    worst = {}

    def compare(way, function):
        for name, prefix, block in (("grounding", "itm.", "itm_block"), ("visualization", "", "block_num")):
            inputs, dump = (read_safetensors("%s/%s.safetensors" % (folder, name)) for folder in (cases, ours))
            mask = (1 - inputs["attention_mask"][:, None, None].float()) * -10000
            logits, attention, gradient = function(inputs["image"], inputs["input_ids"], int(inputs[block]), mask)
            differences = [difference(logits, dump[prefix + "logits" if prefix else "itm_logits"]),
                           difference(attention, dump[prefix + "attention"]),
                           difference(gradient, dump[prefix + "attention_grad"])]
            if not prefix:
                differences.append(difference(maps_of(attention, gradient)[0], dump["gradcam"].flatten(1)))
            worst["%s, %s" % (name, way)] = max(differences)

    compare("official", lambda image, *rest: official(model, image, *rest))
    model.requires_grad_(False)
    compare("kind", lambda image, *rest: kind(model, keys_of_picture(model, image), *rest))
    if torch.backends.mkldnn.is_available():
        give_pictures_to_onednn(model)
        compare("onednn", lambda image, *rest: kind(model, keys_of_picture(model, image), *rest))
    print(json.dumps({"same_as_engine": worst, "tolerance": TOLERANCE}))
    return 0 if all(value <= TOLERANCE for value in worst.values()) else 1


# ---------------------------------------------------------------------------------------------------
# How long does it take?


def timed(function, runs):
    """Median, lowest and highest seconds of `runs` runs after one warm-up."""
    seconds = []
    for run in range(runs + 1):
        start = time.perf_counter()
        function()
        if run:
            seconds.append(time.perf_counter() - start)
    return {"median": statistics.median(seconds), "lowest": min(seconds), "highest": max(seconds), "runs": runs}


@torch.no_grad()
def product_rate(wrap=lambda linear: linear):
    """FLOP/s of the product that machine-floor.c measures."""
    x, linear = torch.rand(1152, 1536), wrap(nn.Linear(1536, 3072).eval())
    return 2 * 1152 * 3072 * 1536 / timed(lambda: linear(x), 8)["lowest"]


def full_model(resolution):
    """Official sizes; weights as at initialisation, drawn fast."""
    with torch.device("meta"):
        model = Albef(dict(OFFICIAL, image_res=resolution))
    model = model.to_empty(device="cpu").eval()
    pool = torch.randn(1 << 20) * 0.02
    for name, p in model.named_parameters():
        if p.dim() > 1:
            p.data.copy_(pool.repeat(p.numel() // len(pool) + 1)[:p.numel()].view_as(p))
        else:
            p.data.fill_(1.0 if "norm" in name and name.endswith("weight") else 0.0)
    return model


def measure(threads, runs, slow_runs, n_tokens, resolution):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    model, image = full_model(resolution), torch.rand(1, 3, resolution, resolution) * 2 - 1
    ids = (5 + 31 * torch.arange(n_tokens)[None]) % 30522
    result = {"torch": torch.__version__, "threads": threads, "tokens": n_tokens, "image_res": resolution}
    result["official_cold_s"] = timed(lambda: official(model, image, ids, TAP), slow_runs)
    model.zero_grad(set_to_none=True)
    model.requires_grad_(False)
    tokens = picture(model, image)
    keys = keys_of_picture(model, image)
    result["kind_cold_s"] = timed(lambda: kind(model, keys_of_picture(model, image), ids, TAP), slow_runs)
    result["kind_query_s"] = timed(lambda: kind(model, keys, ids, TAP), runs)
    result["tokens_query_s"] = timed(lambda: kind(model, model.keys(tokens), ids, TAP), slow_runs)
    result["flop_per_s"] = product_rate()
    if torch.backends.mkldnn.is_available():
        give_pictures_to_onednn(model)
        result["onednn_cold_s"] = timed(lambda: kind(model, keys_of_picture(model, image), ids, TAP), slow_runs)
        result["onednn_flop_per_s"] = product_rate(mkldnn.to_mkldnn)
    print(json.dumps(result))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", nargs=2, metavar=("CASES", "OURS"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--slow-runs", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=9)
    parser.add_argument("--resolution", type=int, default=384)
    arguments = parser.parse_args()
    if arguments.check:
        return check(*arguments.check)
    return measure(arguments.threads, arguments.runs, arguments.slow_runs, arguments.tokens, arguments.resolution)


if __name__ == "__main__":
    sys.exit(main())
