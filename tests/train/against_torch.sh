#!/usr/bin/env bash
# Three steps of the C trainer and of llm/train/train_gpu.py from the same checkpoint on the same
# episodes give the same weights but for rounding. Skipped (77) without PyTorch.
set -eu
cd "$(dirname "$0")/../.."
vouch=${BUILD:-build}/vouch
python=""
for p in python3 /usr/bin/python3; do
    if $p -c 'import torch, numpy' 2>/dev/null; then python=$p; break; fi
done
[ -n "$python" ] || { echo "skipped: no PyTorch"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
common="--size tiny --steps 3 --episodes 8 --seed 5 --threads 2"
for run in c torch; do $vouch model train --out "$dir/$run" $common --init-only; done
$vouch model train --out "$dir/c" $common >/dev/null
$vouch model train --out "$dir/torch" $common --write-episodes "$dir/episodes"
OMP_NUM_THREADS=2 $python llm/train/train_gpu.py --run "$dir/torch" --episodes-file "$dir/episodes" \
    --steps 3 --episodes 8 --rate 3e-3 --device cpu --micro 3 >&2
$python - "$dir/c/checkpoint" "$dir/torch/checkpoint" <<'PY'
import sys
sys.path.insert(0, "llm/train")
import numpy as np
from train_gpu import load_checkpoint
(ha, a), (hb, b) = (load_checkpoint(p) for p in sys.argv[1:])
assert ha["step"] == hb["step"] == 3 and ha["tokens"] == hb["tokens"], (ha, hb)
for name, x, y in zip(("weights", "first moment", "second moment"), a, b):
    x, y = x.numpy(), y.numpy()
    gap = np.abs(x - y).max() / np.abs(x).max()
    print(f"{name}: largest difference {gap:.2e} of the largest value", file=sys.stderr)
    assert gap < 2e-3, name
print("the two trainers agree")
PY
