#!/usr/bin/env python3
"""Trains the embedded model with PyTorch: the same data, losses, optimiser and checkpoint as the C
trainer (vouch model train), for machines with a GPU.

  vouch model train --out RUN --size 36m --init-only
  vouch model train --out RUN --size 36m --write-episodes EPISODES --steps 20000
  train_gpu.py --run RUN --episodes-file EPISODES --steps 20000 --device cuda --bf16
  vouch model train --out RUN --size 36m --export-only

EPISODES holds the tokenised episodes of those steps in order (docs in llm/train/dataset.h); RUN's
checkpoint is read, trained further and written every few minutes. On the CPU in float32 the result
equals the C trainer's but for rounding (tests/train/against_torch.sh)."""
import argparse
import math
import os
import struct
import time

import numpy as np
import torch
import torch.nn.functional as F

MAGIC = b"vouch checkpoint 1\n"
FIELDS = "dim layers heads ffn vocab context rope_base norm_eps seed step tokens seconds".split()
EOS = 2


def load_checkpoint(path):
    with open(path, "rb") as f:
        if f.readline() != MAGIC:
            raise SystemExit(f"{path}: not a checkpoint of vouch")
        head = {}
        for name in FIELDS:
            key, value = f.readline().split()
            if key.decode() != name:
                raise SystemExit(f"{path}: expected {name}")
            head[name] = float(value) if name in ("rope_base", "norm_eps", "seconds") else int(value)
        f.readline()
        data = np.frombuffer(f.read(), dtype="<f4")
    return head, [torch.from_numpy(p.copy()) for p in np.split(data, 3)]


def save_checkpoint(path, head, parts):
    with open(path + ".new", "wb") as f:
        f.write(MAGIC)
        for name in FIELDS:
            value = head[name]
            text = f"{value:.3f}" if name == "seconds" else f"{value:.9g}" if isinstance(value, float) else str(value)
            f.write(f"{name} {text}\n".encode())
        f.write(b"\n")
        for p in parts:
            f.write(p.detach().to("cpu", torch.float32).numpy().astype("<f4").tobytes())
        f.flush()
        os.fsync(f.fileno())
    os.rename(path + ".new", path)


def layout(h):
    """Name -> (offset, shape, decays) in the order of llm/train/net.c."""
    d, f, at, out = h["dim"], h["ffn"], 0, {}

    def add(name, *shape):
        nonlocal at
        out[name] = (at, shape, len(shape) == 2 and name != "embedding")
        at += math.prod(shape)

    add("embedding", h["vocab"], d)
    for i in range(h["layers"]):
        add(f"{i}.attn_norm", d)
        add(f"{i}.qkv", 3 * d, d)
        add(f"{i}.attn_out", d, d)
        add(f"{i}.ffn_norm", d)
        add(f"{i}.gate_up", 2 * f, d)
        add(f"{i}.down", d, f)
    add("final_norm", d)
    return out


def read_steps(path, episodes):
    """Yields per step ([(prefix, output_from, [(tokens, gold)])], [(cluster, phrase, phrase)])."""
    with open(path, "rb") as f:
        data = f.read()
    line, data = data.split(b"\n", 1)
    if line != b"vouch episodes 1":
        raise SystemExit(f"{path}: not a file of episodes")
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values

    while at < len(data):
        step, pairs = [], []
        for _ in range(episodes):
            n, output_from, _kind, count = take("HHBB")
            prefix, candidates = list(take(f"{n}H")), []
            for _ in range(count):
                length, gold = take("BB")
                candidates.append((list(take(f"{length}H")), gold))
            step.append((prefix, output_from, candidates))
        for _ in range(take("H")[0]):
            cluster, sides = take("H")[0], []
            for _ in range(2):
                sides.append(list(take(f"{take('B')[0]}H")))
            pairs.append((cluster, *sides))
        yield step, pairs


class Sample:
    """One episode flattened: tokens, positions, segment of each token (0 = prefix), targets."""

    def __init__(self, episode, whole):
        prefix, output_from, candidates = episode
        self.tokens, self.positions = list(prefix), list(range(len(prefix)))
        self.segments = [0] * len(prefix)
        self.form, self.wording, self.verdicts, self.golds = [], [], [], []
        if output_from:
            self.wording = [(i - 1, prefix[i]) for i in range(output_from, len(prefix))]
        for k, (tokens, gold) in enumerate(candidates):
            if not whole and not gold:
                continue
            start = len(self.tokens)
            self.tokens += tokens
            self.positions += range(len(prefix), len(prefix) + len(tokens))
            self.segments += [k + 1] * len(tokens)
            if gold:
                before = [len(prefix) - 1] + list(range(start, start + len(tokens)))
                self.form += zip(before, tokens + [EOS])
            if whole:
                self.verdicts.append(len(self.tokens) - 1)
                self.golds.append(gold)


class Model:
    def __init__(self, head, flat, device):
        self.h, self.flat = head, flat.to(device).requires_grad_(True)
        self.views = {k: self.flat[o:o + math.prod(s)].view(*s) for k, (o, s, _) in layout(head).items()}
        half = head["dim"] // head["heads"] // 2
        angle = torch.arange(head["context"], dtype=torch.float64)[:, None] * \
            head["rope_base"] ** (-torch.arange(half, dtype=torch.float64) / half)[None]
        self.cos, self.sin = angle.cos().float().to(device), angle.sin().float().to(device)

    def norm(self, x, gain):
        x32 = x.float()
        return (x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + self.h["norm_eps"]) * gain).to(x.dtype)

    def turn(self, x, positions):
        c, s = self.cos[positions][:, None], self.sin[positions][:, None]  # [B, 1, L, half]
        a, b = x[..., 0::2], x[..., 1::2]
        return torch.stack((a * c - b * s, a * s + b * c), -1).flatten(-2).to(x.dtype)

    def hidden(self, tokens, positions, mask, bf16):
        """tokens, positions [B, L]; mask [B, L, L], True where attention is allowed."""
        v, (b, n), heads = self.views, tokens.shape, self.h["heads"]
        x = v["embedding"][tokens]
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=bf16):
            for i in range(self.h["layers"]):
                qkv = F.linear(self.norm(x, v[f"{i}.attn_norm"]), v[f"{i}.qkv"])
                q, k, w = (t.view(b, n, heads, -1).transpose(1, 2) for t in qkv.chunk(3, -1))
                q, k = self.turn(q, positions), self.turn(k, positions)
                score = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1])
                share = score.masked_fill(~mask[:, None], float("-inf")).softmax(-1).to(w.dtype)
                mixed = (share @ w).transpose(1, 2).reshape(b, n, -1)
                x = x + F.linear(mixed, v[f"{i}.attn_out"])
                gate, up = F.linear(self.norm(x, v[f"{i}.ffn_norm"]), v[f"{i}.gate_up"]).chunk(2, -1)
                x = x + F.linear(F.silu(gate) * up, v[f"{i}.down"])
        return self.norm(x.float(), v["final_norm"])


def pack(samples, device):
    n = max(len(s.tokens) for s in samples)
    tokens = torch.zeros(len(samples), n, dtype=torch.long)
    positions, segments = tokens.clone(), torch.full_like(tokens, -1)
    for i, s in enumerate(samples):
        tokens[i, :len(s.tokens)] = torch.tensor(s.tokens)
        positions[i, :len(s.tokens)] = torch.tensor(s.positions)
        segments[i, :len(s.tokens)] = torch.tensor(s.segments)
    before = torch.arange(n)[:, None] >= torch.arange(n)[None]
    same = segments[:, :, None] == segments[:, None, :]
    mask = before & (same | (segments[:, None, :] == 0))
    return tokens.to(device), positions.to(device), mask.to(device)


def whole_every(step):
    return 4 if step < 700 else 2


def losses(model, samples, total, every, ok, no, bf16):
    """The sum that the C trainer differentiates; weights as in llm/train/trainer.c."""
    device = model.flat.device
    hidden = model.hidden(*pack(samples, device), bf16)
    e, loss = model.views["embedding"], 0.0
    at = [(i, p, t, w) for i, s in enumerate(samples)
          for part, w in ((s.form, 0.3), (s.wording, 0.1)) for p, t in part]
    if at:
        i, p, t, w = (torch.tensor(x, device=device) for x in zip(*at))
        nll = F.cross_entropy(hidden[i, p] @ e.T, t, reduction="none")
        loss = loss + (nll * w / total).sum()
    for i, s in enumerate(samples):
        if not s.verdicts:
            continue
        d = hidden[i, s.verdicts] @ (e[ok] - e[no])
        gold = torch.tensor(s.golds, device=device, dtype=torch.float32)
        right, wrong = gold.sum(), (1 - gold).sum()
        if right > 0:
            rank = torch.logsumexp(d, 0) - torch.logsumexp(d[gold > 0], 0)
            share = gold * (0.5 if wrong > 0 else 1.0) / right + (1 - gold) * 0.5 / wrong.clamp(min=1)
        else:
            rank, share = 0.0, (1 - gold) / wrong
        bce = (F.binary_cross_entropy_with_logits(d, gold, reduction="none") * share).sum()
        loss = loss + every / total * (rank + 0.5 * bce)
    return loss


def meaning_loss(e, pairs):
    """As llm/train/meaning.c: sums of embeddings of two phrases for one relation are alike."""
    def embed(side):
        rows = [e[torch.tensor(p[side], device=e.device, dtype=torch.long)].sum(0) for p in pairs]
        u = torch.stack(rows)
        return u / (u.pow(2).sum(1, keepdim=True) + 1e-6).sqrt()

    logits = 12.0 * embed(1) @ embed(2).T
    cluster = torch.tensor([p[0] for p in pairs], device=e.device)
    same = (cluster[:, None] == cluster[None]) & ~torch.eye(len(pairs), dtype=torch.bool, device=e.device)
    logits = logits.masked_fill(same, float("-inf"))
    want = torch.arange(len(pairs), device=e.device)
    return 0.5 * (F.cross_entropy(logits, want) + F.cross_entropy(logits.T, want))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--run", required=True)
    p.add_argument("--episodes-file", required=True)
    p.add_argument("--steps", type=int, required=True, help="of the whole run, as given to the generator")
    p.add_argument("--episodes", type=int, default=24, help="a step")
    p.add_argument("--rate", type=float, default=3e-3)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--bf16", action="store_true")
    p.add_argument("--micro", type=int, default=256, help="episodes in one pass")
    a = p.parse_args()
    path = os.path.join(a.run, "checkpoint")
    head, (weights, first, second) = load_checkpoint(path)
    with open(os.path.join(a.run, "vocab.tsv")) as f:
        names = [bytes.fromhex(line.split("\t")[2].strip()) for line in f]
    ok, no = names.index(b"<ok>"), names.index(b"<no>")
    model = Model(head, weights, a.device)
    first, second = first.to(a.device), second.to(a.device)
    decay = torch.zeros_like(first)
    for offset, shape, decays in layout(head).values():
        decay[offset:offset + math.prod(shape)] = float(decays)
    source, saved = read_steps(a.episodes_file, a.episodes), time.time()
    for _ in range(head["step"]):
        next(source)
    began, before = time.time(), head["seconds"]
    while head["step"] < a.steps:
        step, model.flat.grad, total = head["step"], None, 0.0
        every = whole_every(step)
        episodes, pairs = next(source)
        samples = [Sample(e, i % every == 0) for i, e in enumerate(episodes)]
        samples.sort(key=lambda s: len(s.tokens))
        for i in range(0, len(samples), a.micro):
            loss = losses(model, samples[i:i + a.micro], a.episodes, every, ok, no, a.bf16)
            loss.backward()
            total += float(loss)
        loss = 0.5 * meaning_loss(model.views["embedding"], pairs)
        loss.backward()
        total += float(loss)
        g = model.flat.grad
        norm = float(g.double().pow(2).sum().sqrt())
        g = g / norm if norm > 1 else g
        rate = a.rate * min(1.0, (step + 1) / 100) * (0.1 + 0.45 * (1 + math.cos(math.pi * step / a.steps)))
        with torch.no_grad():
            first.mul_(0.9).add_(g, alpha=0.1)
            second.mul_(0.95).addcmul_(g, g, value=0.05)
            fix1, fix2 = 1 / (1 - 0.9 ** (step + 1)), 1 / (1 - 0.95 ** (step + 1))
            model.flat -= rate * fix1 * first / ((second * fix2).sqrt() + 1e-8) + rate * 0.1 * decay * model.flat
        head["step"] += 1
        head["tokens"] += sum(len(s.tokens) for s in samples)
        head["seconds"] = before + time.time() - began
        if head["step"] % 100 == 0:
            print(f"step {head['step']}, {head['tokens'] / 1e6:.1f}M tokens, loss {total:.4f}", flush=True)
        if time.time() - saved > 180:
            save_checkpoint(path, head, (model.flat, first, second))
            saved = time.time()
    save_checkpoint(path, head, (model.flat, first, second))


if __name__ == "__main__":
    main()
