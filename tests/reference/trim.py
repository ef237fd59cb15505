#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""trim.py FULL OUT: training cases of a reference folder, cut down to what fits beside the others.

All inputs, losses and small results stay; of gradients, updated weights and large intermediate values a choice."""
import json
import struct
import sys

full, out = sys.argv[1], sys.argv[2]
KEEP_PARAMETERS = ('temp', 'itm_head.weight', 'vision_proj.weight', 'text_proj.bias', 'visual_encoder.cls_token',
                   'visual_encoder.blocks.0.attn.qkv.weight', 'visual_encoder.patch_embed.proj.bias',
                   'visual_encoder.blocks.1.norm2.weight', 'text_encoder.bert.embeddings.LayerNorm.weight',
                   'text_encoder.bert.encoder.layer.0.attention.self.key.bias',
                   'text_encoder.bert.encoder.layer.2.crossattention.self.key.weight',
                   'text_encoder.bert.encoder.layer.3.crossattention.self.value.bias',
                   'text_encoder.bert.encoder.layer.3.intermediate.dense.bias',
                   'text_encoder.cls.predictions.bias', 'visual_encoder_m.cls_token', 'text_proj_m.bias')
LARGEST = 20000  # bytes of an intermediate value


def read(path):
    with open(path, 'rb') as file:
        data = file.read()
    length = struct.unpack('<Q', data[:8])[0]
    header = json.loads(data[8:8 + length])
    return header, data[8 + length:]


def kept(name, entry):
    size = entry['data_offsets'][1] - entry['data_offsets'][0]
    for prefix in ('grad.', 'grad_amc.', 'adamw_after.', 'momentum_after.'):
        if name.startswith(prefix):
            return name[len(prefix):] in KEEP_PARAMETERS
    return not name.startswith(('local.', 'after.')) or size <= LARGEST


for case in ('pretrain', 'pretrain_variations', 'pretrain_trajectory', 'amc'):
    header, data = read('%s/%s.safetensors' % (full, case))
    body, chosen = b'', {}
    for name, entry in sorted(header.items(), key=lambda item: item[1].get('data_offsets', [0])[0]):
        if name == '__metadata__' or not kept(name, entry):
            continue
        start, end = entry['data_offsets']
        chosen[name] = dict(entry, data_offsets=[len(body), len(body) + end - start])
        body += data[start:end]
    text = json.dumps(chosen, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open('%s/%s.safetensors' % (out, case), 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text + body)
    print(case, 8 + len(text) + len(body), 'bytes,', len(chosen), 'tensors')
