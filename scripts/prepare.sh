#!/usr/bin/env bash
# SPE-1 from CRCNS to Arrow: downloads the cells, then builds each. A thin wrapper over
# `spe1 build --download`; run it again after any interruption, and it goes on.
#
#   CRCNS_USERNAME=<user> CRCNS_PASSWORD=<password> bash scripts/prepare.sh
#
# Without the two, the account is taken from ~/.netrc (machine crcns.org), or asked for.
#
#   SPE1_RAW_DIR   where the recordings go                    ./.raw
#   SPE1_OUT_DIR   dataset root                               ./spe1
#   SPE1_CELLS     cells or sets, separated by blanks         default (12 cells)
#   SPE1_DURATION  seconds of recording of each cell          300
#   PYTHON         interpreter that has spe1's dependencies   python3
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
read -r -a cells <<<"${SPE1_CELLS:-default}"

export PYTHONPATH="$project${PYTHONPATH:+:$PYTHONPATH}"
exec "${PYTHON:-python3}" -m spe1 build "${cells[@]}" --download \
  --raw-dir "${SPE1_RAW_DIR:-./.raw}" \
  --root "${SPE1_OUT_DIR:-./spe1}" \
  --duration-s "${SPE1_DURATION:-300}"
