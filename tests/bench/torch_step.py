# SPDX-License-Identifier: MIT
"""A pre-training step in PyTorch, from torch.nn alone: ITC with queues, ITM with drawn negatives and MLM, all with the
momentum teacher, AdamW at the end. To hold bench-step and `albef train` against.

    torch_step.py --check CASES OURS       the same losses as the engine's? OURS: a dump of conformance on CASES
    torch_step.py [--threads N] [--steps N] [--size full|embedded] [--batch N] [--tokens N] [--frozen]

Prints JSON. Two ways are timed, on random weights, with dropout 0.1 in the text layers:

  official  as the official code does it: keys and values of the picture for each pass, attention in its parts, logits for
            every token
  kind      keys and values of the batch's pictures once, gathered for the negatives; fused attention; logits of the masked
            tokens alone

full: the official sizes, 256 px, batch 4, 12 tokens, queues of 65,536. embedded: the small model at 128 px, batch 64, queues
of 2,048. --frozen: the image encoder is not learned, the teacher shares its output."""
import argparse
import copy
import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from torch_query import OFFICIAL, Albef, key_of, read_safetensors

FULL = {**OFFICIAL, "image_res": 256, "embed_dim": 256, "queue_size": 65536, "batch": 4, "tokens": 12}
EMBEDDED = {"image_res": 128, "patch_size": 16, "vision_width": 128, "vision_depth": 6, "vision_heads": 4, "embed_dim": 128,
            "queue_size": 2048, "batch": 64, "tokens": 12,
            "bert": {"vocab_size": 298, "hidden_size": 128, "num_hidden_layers": 5, "num_attention_heads": 4, "intermediate_size": 512,
                     "fusion_layer": 2, "encoder_width": 128, "max_position_embeddings": 32, "layer_norm_eps": 1e-6}}
MOMENTUM, TOLERANCE = 0.995, 1e-4


class Side(nn.Module):
    """What has a teacher: both encoders with the head for masked words, both projections."""

    def __init__(self, c):
        super().__init__()
        width, eps = c["bert"]["hidden_size"], c["bert"]["layer_norm_eps"]
        self.albef = Albef(c)
        self.vision_proj, self.text_proj = nn.Linear(c["vision_width"], c["embed_dim"]), nn.Linear(width, c["embed_dim"])
        self.head, self.head_norm = nn.Linear(width, width), nn.LayerNorm(width, eps=eps)
        self.head_bias = nn.Parameter(torch.zeros(c["bert"]["vocab_size"]))


class Step:
    def __init__(self, c, kind=True, dropout=0.0, frozen=False):
        self.c, self.kind, self.p, self.frozen = c, kind, dropout, frozen
        self.own = Side(c)
        self.temp = nn.Parameter(torch.tensor(0.07))
        self.image_queue = F.normalize(torch.randn(c["embed_dim"], c["queue_size"]), dim=0)
        self.text_queue = F.normalize(torch.randn(c["embed_dim"], c["queue_size"]), dim=0)
        self.at = 0
        self.twin_of_own()

    def twin_of_own(self):
        self.twin = copy.deepcopy(self.own).requires_grad_(False)
        if self.frozen:
            self.own.albef.vision.requires_grad_(False)

    # --- the encoders, with dropout where BERT has it

    def drop(self, x):
        return F.dropout(x, self.p) if self.p else x

    def attend(self, q, k, v, heads, mask, p):
        (batch, n, width), d = q.shape, q.shape[-1] // heads
        q, k, v = (x.view(x.shape[0], -1, heads, d).transpose(1, 2) for x in (q, k, v))
        if self.kind:
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=p)
        else:
            scores = q @ k.transpose(-1, -2) / d ** 0.5
            probs = (scores if mask is None else scores + mask).softmax(-1)
            out = (F.dropout(probs, p) if p else probs) @ v
        return out.transpose(1, 2).reshape(batch, n, width)

    def vision(self, side, image):
        m = side.albef.vision
        x = m.patch(image).flatten(2).transpose(1, 2)
        x = torch.cat([m.cls_token.expand(len(x), -1, -1), x], 1) + m.pos_embed
        for b in m.blocks:
            x = x + b.proj(self.attend(*b.qkv(b.norm1(x)).chunk(3, -1), b.heads, None, 0.0))
            x = x + b.fc2(F.gelu(b.fc1(b.norm2(x))))
        return m.norm(x)

    def part(self, a, x, keys, heads, mask):
        return a.norm(self.drop(a.dense(self.attend(a.query(x), *keys, heads, mask, self.p))) + x)

    def layers(self, side, x, mask, first, last, keys=None):
        for i in range(first, last):
            layer = side.albef.layers[i]
            x = self.part(layer.self_attention, x, layer.self_attention.keys(x), layer.heads, mask)
            if keys is not None:
                x = self.part(layer.cross_attention, x, keys[i - side.albef.fusion_layer], layer.heads, None)
            x = layer.norm(self.drop(layer.dense(F.gelu(layer.intermediate(x)))) + x)
        return x

    def text(self, side, ids, mask):
        return self.layers(side, self.drop(side.albef.embed(ids)), mask, 0, side.albef.fusion_layer)

    def fuse(self, side, x, mask, keys):
        return self.layers(side, x, mask, side.albef.fusion_layer, len(side.albef.layers), keys)

    def words(self, side, x):
        return F.linear(side.head_norm(F.gelu(side.head(x))), side.albef.word.weight, side.head_bias)

    # --- the losses

    def follow(self):
        pairs = [(p, q) for (n, p), q in zip(self.own.named_parameters(), self.twin.parameters()) if "itm_head" not in n]
        torch._foreach_lerp_([q for _, q in pairs], [p.detach() for p, _ in pairs], 1 - MOMENTUM)

    def contrast(self, image, ids, mask, alpha):
        own, twin = self.own, self.twin
        with torch.no_grad():
            self.temp.clamp_(0.001, 0.5)
        with torch.set_grad_enabled(not self.frozen):
            tokens = self.vision(own, image)
        texts = self.text(own, ids, mask)
        image_feat, text_feat = F.normalize(own.vision_proj(tokens[:, 0]), dim=-1), F.normalize(own.text_proj(texts[:, 0]), dim=-1)
        with torch.no_grad():
            self.follow()
            tokens_m = tokens.detach() if self.frozen else self.vision(twin, image)
            image_m = F.normalize(twin.vision_proj(tokens_m[:, 0]), dim=-1)
            text_m = F.normalize(twin.text_proj(self.text(twin, ids, mask)[:, 0]), dim=-1)
            images, all_texts = torch.cat([image_m.T, self.image_queue], 1), torch.cat([text_m.T, self.text_queue], 1)
            eye = torch.zeros(len(ids), images.shape[1])
            eye.fill_diagonal_(1)
            targets = [alpha * (x @ y / self.temp).softmax(1) + (1 - alpha) * eye for x, y in ((image_m, all_texts), (text_m, images))]
        sims = [image_feat @ all_texts / self.temp, text_feat @ images / self.temp]
        loss = sum(-(sim.log_softmax(1) * target).sum(1).mean() for sim, target in zip(sims, targets)) / 2
        b = len(ids)
        self.image_queue[:, self.at:self.at + b], self.text_queue[:, self.at:self.at + b] = image_m.T, text_m.T
        self.at = (self.at + b) % self.image_queue.shape[1]
        return loss, tokens, tokens_m, texts, sims

    def negatives(self, sims, b):
        drawn = []
        for sim in sims:
            weights = sim[:, :b].detach().softmax(1)
            drawn.append(torch.multinomial(weights.fill_diagonal_(0) + 1e-12, 1)[:, 0])
        return drawn[1], drawn[0]  # pictures for the texts, texts for the pictures

    def losses(self, image, ids, mask, masked, labels, alpha, drawn=None):
        own, b = self.own, len(ids)
        bias = (1 - mask[:, None, None].float()) * -10000
        itc, tokens, tokens_m, texts, sims = self.contrast(image, ids, bias, alpha)
        neg_image, neg_text = drawn if drawn is not None else self.negatives(sims, b)
        one = torch.arange(b)
        pictures, sentences = torch.cat([one, neg_image, one]), torch.cat([one, one, neg_text])
        if self.kind:
            keys = own.albef.keys(tokens)
            x = self.fuse(own, texts[sentences], bias[sentences], [(k[pictures], v[pictures]) for k, v in keys])[:, 0]
        else:
            first = self.fuse(own, texts, bias, own.albef.keys(tokens))[:, 0]
            x = torch.cat([first, self.fuse(own, texts[sentences[b:]], bias[sentences[b:]], own.albef.keys(tokens[pictures[b:]]))[:, 0]])
            keys = own.albef.keys(tokens)
        itm = F.cross_entropy(own.albef.itm_head(x), torch.cat([torch.ones(b), torch.zeros(2 * b)]).long())
        with torch.no_grad():
            x = self.fuse(self.twin, self.text(self.twin, masked, bias), bias, self.twin.albef.keys(tokens_m))
            at = labels != -100
            soft = self.words(self.twin, x[at]).softmax(-1) if self.kind else self.words(self.twin, x).softmax(-1)[at]
        x = self.fuse(own, self.text(own, masked, bias), bias, keys)
        logs = (self.words(own, x[at]) if self.kind else self.words(own, x)[at]).log_softmax(-1)
        mlm = (1 - alpha) * F.nll_loss(logs, labels[at]) - alpha * (logs * soft).sum(-1).mean()
        return itc, itm, mlm

    def parameters(self):
        return [p for p in self.own.parameters() if p.requires_grad] + [self.temp]


# ---------------------------------------------------------------------------------------------------


def load(side, weights, twin):
    """The official keys; a twin's carry _m after their first part."""
    names = {"head.": "text_encoder.cls.predictions.transform.dense.", "head_norm.": "text_encoder.cls.predictions.transform.LayerNorm.",
             "head_bias": "text_encoder.cls.predictions.bias"}
    for name, p in side.named_parameters():
        key = key_of(name.removeprefix("albef.")) if name.startswith("albef.") else name
        for start, official in names.items():
            key = official + name.removeprefix(start) if name.startswith(start) else key
        if twin and not key.startswith("itm_head"):
            first, rest = key.split(".", 1)
            key = f"{first}_m.{rest}"
        with torch.no_grad():
            p.copy_(weights[key])


def check(cases, ours):
    with open(cases + "/config.json") as file:
        config = json.load(file)["tiny"]
    weights, case, dump = (read_safetensors(path) for path in (
        cases + "/weights_pretrain.safetensors", cases + "/pretrain.safetensors", ours + "/pretrain.safetensors"))
    worst = {}
    for way in ("official", "kind"):
        step = Step(config, way == "kind")
        load(step.own, weights, False)
        load(step.twin, weights, True)
        with torch.no_grad():
            step.temp.copy_(weights["temp"])
        step.image_queue, step.text_queue, step.at = weights["image_queue"].clone(), weights["text_queue"].clone(), int(case["queue_ptr_before"])
        losses = step.losses(case["image"], case["input_ids"], case["attention_mask"], case["local.input_ids"], case["local.labels"],
                             case["alpha"].item(), (case["neg_image_idx"], case["neg_text_idx"]))
        worst[way] = max(abs(loss.item() / dump[name].item() - 1) for loss, name in zip(losses, ("loss_ita", "loss_itm", "loss_mlm")))
        sum(losses).backward()
        gradients = {"grad.vision_proj.weight": step.own.vision_proj.weight, "grad.itm_head.weight": step.own.albef.itm_head.weight}
        for name, p in gradients.items():
            if name in dump:
                worst[f"{way}, {name}"] = ((p.grad - dump[name]).abs().max() / dump[name].abs().max()).item()
    print(json.dumps({"same_losses_as_engine": worst, "tolerance": TOLERANCE}))
    return 0 if all(value <= TOLERANCE for value in worst.values()) else 1


def measure(c, threads, steps, batch, tokens, frozen):
    torch.set_num_threads(threads)
    result = {"torch": torch.__version__, "threads": threads, "batch": batch, "tokens": tokens, "frozen": frozen}
    for way in ("official", "kind"):
        torch.manual_seed(1)
        step = Step(c, way == "kind", 0.1, frozen)
        decayed = [p for p in step.parameters() if p.dim() != 1]
        optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02}, {"params": [p for p in step.parameters() if p.dim() == 1],
                                                                                     "weight_decay": 0}], lr=1e-5)
        image = torch.randn(batch, 3, c["image_res"], c["image_res"])
        ids = torch.randint(5, c["bert"]["vocab_size"], (batch, tokens))
        labels = torch.where(torch.rand(ids.shape) < 0.15, ids, -100)
        labels[0, 1] = ids[0, 1]
        seconds, processor = [], []
        for run in range(steps + 1):
            start, used = time.perf_counter(), time.process_time()
            optimizer.zero_grad(set_to_none=True)
            sum(step.losses(image, ids, torch.ones_like(ids), ids, labels, 0.4)).backward()
            optimizer.step()
            if run:
                seconds.append(time.perf_counter() - start)
                processor.append(time.process_time() - used)
        median = statistics.median(seconds)
        result[way] = {"median_s": median, "lowest_s": min(seconds), "highest_s": max(seconds), "samples_per_s": batch / median,
                       "processor_s": statistics.median(processor)}
    print(json.dumps(result))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", nargs=2, metavar=("CASES", "OURS"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--size", choices=["full", "embedded"], default="full")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--tokens", type=int)
    parser.add_argument("--frozen", action="store_true")
    o = parser.parse_args()
    if o.check:
        return check(*o.check)
    c = FULL if o.size == "full" else EMBEDDED
    return measure(c, o.threads, o.steps, o.batch or c["batch"], o.tokens or c["tokens"], o.frozen)


if __name__ == "__main__":
    sys.exit(main())
