#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_inputs.py CONFORMANCE DIR: the runner reads nothing but inputs.

Copies the reference folder with every output emptied (tensors zeroed, JSON results replaced by [], CSVs cut to
their header) and compares what is computed there with what is computed beside the goldens, byte for byte. Then a
few folders that cannot be run: each gives a message and exit status 1, never a crash."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

conformance, reference = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
INPUTS = {
    'vit': ['image'], 'text_encoder': ['input_ids', 'attention_mask', 'image_embeds'],
    'retrieval_eval': ['image', 'input_ids', 'attention_mask'],
    'grounding': ['image', 'itm_block', 'itc_block', 'input_ids', 'attention_mask'],
    'visualization': ['image', 'block_num', 'rgb_image', 'input_ids', 'attention_mask'],
    'pos_embed': ['pos_embed_in', 'image_'], 'checkpoints': ['image', 'input_ids', 'attention_mask'],
    'pretrain': ['image', 'alpha', 'queue_ptr_before', 'input_ids', 'attention_mask', 'neg_image_idx', 'neg_text_idx',
                 'mlm_bernoulli_', 'mlm_random_words'],
    'pretrain_variations': ['*temp_in', '*alpha'],
    'pretrain_trajectory': ['*input_ids', '*attention_mask', '*neg_image_idx', '*neg_text_idx', '*mlm_bernoulli_mask',
                            '*mlm_bernoulli_replace', '*mlm_bernoulli_random', '*mlm_random_words'],
    'amc': ['image', 'mask_query_interp', 'gt_mask_indicator', 'alpha', 'block_num', 'input_ids', 'attention_mask',
            'neg_image_idx', 'neg_text_idx', 'mlm_bernoulli_', 'mlm_random_words'],
}
count = failed = 0


def point(passed, name):
    global count, failed
    count += 1
    failed += not passed
    print('%s %d - /conformance/%s' % ('ok' if passed else 'not ok', count, name), flush=True)


def zero_tensors(path, inputs):
    data = bytearray(open(path, 'rb').read())
    length = struct.unpack('<Q', data[:8])[0]
    for name, entry in json.loads(data[8:8 + length]).items():
        given = any(name == i or (i.endswith('_') and name.startswith(i)) or
                    (i.startswith('*') and name.partition('.')[2] == i[1:]) for i in inputs)
        if name != '__metadata__' and not given:
            start, end = (8 + length + offset for offset in entry['data_offsets'])
            data[start:end] = bytes(end - start)
    open(path, 'wb').write(data)


def tensors(path):
    data = open(path, 'rb').read()
    length = struct.unpack('<Q', data[:8])[0]
    entries = json.loads(data[8:8 + length])
    entries.pop('__metadata__', None)
    return {name: data[8 + length + entry['data_offsets'][0]:8 + length + entry['data_offsets'][1]]
            for name, entry in entries.items()}


def floats(raw):
    return struct.unpack('<%df' % (len(raw) // 4), raw)


def negate(path, tensor):
    data = bytearray(open(path, 'rb').read())
    length = struct.unpack('<Q', data[:8])[0]
    start, end = (8 + length + offset for offset in json.loads(data[8:8 + length])[tensor]['data_offsets'])
    data[start:end] = struct.pack('<%df' % ((end - start) // 4), *(-value for value in floats(data[start:end])))
    open(path, 'wb').write(data)


def empty_text(path):
    with open(path, encoding='utf-8') as file:
        tree = json.load(file)
    if 'cases' in tree:
        for case in tree['cases']:
            for key in case:
                if key != 'text':
                    case[key] = []
        for entry in tree.values():
            if isinstance(entry, dict) and 'texts' in entry:
                entry['input_ids'] = entry['attention_mask'] = []
        tree['decode_single'] = [[i, ''] for i, _ in tree['decode_single']]
    else:
        for entries in tree.values():
            for entry in entries:
                entry['result'] = []
    with open(path, 'w', encoding='ascii') as file:
        json.dump(tree, file)


def run(folder, out, *options):
    done = subprocess.run([conformance, folder, '--dump', out, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, cwd=tempfile.gettempdir(), text=True)
    return done.returncode, done.stdout


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(d, f), folder) for d, _, names in os.walk(folder) for f in names)


with tempfile.TemporaryDirectory() as scratch:
    emptied = os.path.join(scratch, 'emptied')
    shutil.copytree(reference, emptied)
    for case, inputs in INPUTS.items():
        zero_tensors(os.path.join(emptied, case + '.safetensors'), inputs)
    for name in ('tokenizer', 'pre_caption'):
        empty_text(os.path.join(emptied, 'text', name + '.json'))
    for name in os.listdir(os.path.join(emptied, 'schedule')):
        path = os.path.join(emptied, 'schedule', name)
        with open(path, encoding='ascii') as file:
            header = file.readline()
        with open(path, 'w', encoding='ascii') as file:
            file.write(header)
    for name in ('f32_noise.json', 'checkpoints.json'):
        if os.path.exists(os.path.join(emptied, name)):
            os.unlink(os.path.join(emptied, name))

    beside, blind = os.path.join(scratch, 'beside'), os.path.join(scratch, 'blind')
    status, text = run(reference, beside)
    point(status == 0, 'runs beside the goldens')
    status, text = run(emptied, blind)
    point(status == 0, 'runs on inputs alone')
    point(files_below(beside) == files_below(blind), 'writes the same files')
    for name in files_below(beside):
        same = open(os.path.join(beside, name), 'rb').read() == open(os.path.join(blind, name), 'rb').read()
        point(same, 'inputs alone/' + name)
    for name in ('tokenizer', 'pre_caption'):
        with open(os.path.join(reference, 'text', name + '.json'), encoding='utf-8') as file:
            golden = json.load(file)
        with open(os.path.join(blind, name + '.json'), encoding='utf-8') as file:
            point(json.load(file) == golden, name + ' is exact')
    for name in os.listdir(os.path.join(reference, 'schedule')):
        rows = [open(os.path.join(d, 'schedule', name), encoding='ascii').read().split() for d in (reference, blind)]
        near = len(rows[0]) == len(rows[1]) and rows[0][0] == rows[1][0] and all(
            a.split(',')[:2] == b.split(',')[:2] and abs(float(a.split(',')[2]) - float(b.split(',')[2])) <= 1e-12
            for a, b in zip(rows[0][1:], rows[1][1:]))
        point(near, name)

    golden = tensors(os.path.join(reference, 'checkpoints.safetensors'))
    mine = tensors(os.path.join(blind, 'checkpoints.safetensors'))
    rates = [name for name in golden if name.endswith('.lr')]
    point(len(rates) == 5 and all(mine.get(name) == golden[name] for name in rates), 'learning rates of checkpoints')

    # The position table is the case's, not that of the weights: its interpolation is linear.
    negate(os.path.join(emptied, 'pos_embed.safetensors'), 'pos_embed_in')
    status, text = run(emptied, os.path.join(scratch, 'deep', 'er', 'out'))
    point(status == 0, 'makes the folders above OUT')
    mine = tensors(os.path.join(scratch, 'deep', 'er', 'out', 'pos_embed.safetensors'))
    before = tensors(os.path.join(blind, 'pos_embed.safetensors'))
    tables = [name for name in before if name.startswith('pos_embed_') and name != 'pos_embed_in']
    point(len(tables) > 0 and all(floats(mine[name]) == tuple(-value for value in floats(before[name]))
                                  for name in tables), 'pos_embed_in is read')

    status, text = run(os.path.join(scratch, 'nowhere'), os.path.join(scratch, 'x'))
    point(status == 1 and 'cannot read' in text, 'a folder that is not there')
    status, text = run(reference, os.path.join(scratch, 'y'), '--backend', 'abacus')
    point(status == 2, 'a backend that does not exist')
    broken = os.path.join(scratch, 'broken')
    shutil.copytree(reference, broken)
    weights = os.path.join(broken, 'weights_pretrain.safetensors')
    with open(weights, 'r+b') as file:
        file.truncate(os.path.getsize(weights) // 2)
    status, text = run(broken, os.path.join(scratch, 'z'))
    point(status == 1 and 'signal' not in text and 'vit FAILED' in text, 'cut-off weights fail their cases alone')
    point('checkpoints pretrain.vit' in text, 'the other cases still run')
print('1..%d' % count)
sys.exit(failed > 0)
