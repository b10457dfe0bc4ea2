#!/usr/bin/env bash
# Makes bench/.venv with the Python stack of requirements.txt: about 6 GB, since PyPI's torch for Linux brings CUDA's
# libraries whether there is a GPU or not (it does not start without them). Some six minutes.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --disable-pip-version-check --no-cache-dir --quiet --requirement requirements.txt
.venv/bin/python -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)'
