"""Writes numpy-generator.json: what numpy's Generator draws, one draw after another, for some seeds.

    bench/.venv/bin/python test/support/numpy-generator.py
"""

import json
from pathlib import Path

import numpy as np

draws = []
for seed in [0, 1, 42, 2**40 + 5]:
    generator = np.random.default_rng(seed)
    draws.append(
        {
            "seed": seed,
            "integers": [int(generator.integers(0, n)) for n in [1, 2, 3, 7, 1000, 2**31, 2**32]],
            "integersOf10": [int(x) for x in generator.integers(0, 10, size=20)],
            "random": [float(x) for x in generator.random(5)],
            "weighted": [int(x) for x in generator.choice(3, size=20, p=[0.7, 0.2, 0.1])],
            "permutation": [int(x) for x in generator.permutation(9)],
            "chooseFew": [int(x) for x in generator.choice(50, size=7, replace=False)],
            "chooseMany": [int(x) for x in generator.choice(10001, size=201, replace=False)],
            "chooseFewOfMany": [int(x) for x in generator.choice(20000, size=5, replace=False)],
            "seed63": str(int(generator.integers(0, 1 << 63))),
            "after": [int(x) for x in generator.integers(0, 10, size=5)],
        }
    )
seed = np.random.default_rng(7).integers(0, 1 << 63)
reseeded = [int(x) for x in np.random.default_rng(seed - 1).integers(0, 100, size=5)]
Path(__file__).with_suffix(".json").write_text(json.dumps({"draws": draws, "reseeded": reseeded}) + "\n")
