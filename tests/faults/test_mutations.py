"""Any changed byte of a root is found, whatever it means: a seeded attack on every small file."""

import os
import random
import shutil

import pytest

from spe1_builder.dataset.verify import verify

#: Mutations of each file; `make test-faults` raises it to 500, which is 6,000 in all.
N_MUTATIONS = int(os.environ.get("SPE1_MUTATIONS", "4"))
FILES = (
    "README.md",
    "chanMap.mat",
    "Data Summary.xlsx",
    "Data Summary.csv",
    "checksums.sha256",
    "localization_benchmark.json",
    "c14/conversion_metadata.json",
    "c14/dataset_dict.json",
    "c14/train/state.json",
    "c14/dataset_stats.json",
    "views/cells/train/*",
    "views/spikes/test/*",
)


@pytest.fixture(scope="module")
def root(built, tmp_path_factory):
    """The small cell with a benchmark's result beside it; links, so replace, don't write into."""
    from spe1_builder.benchmark.localization.options import BenchmarkOptions
    from spe1_builder.benchmark.localization.run import run_benchmark
    from spe1_builder.benchmark.localization.schema import write_benchmark
    from spe1_builder.dataset.card.root_files import write_card

    root = tmp_path_factory.mktemp("mutations") / "spe1"
    shutil.copytree(built.folder.parent, root, copy_function=os.link)
    result = run_benchmark(root, ["c14"], BenchmarkOptions())
    write_benchmark(root / "localization_benchmark.json", result)
    write_card(root)
    assert verify(root).ok
    yield root
    shutil.rmtree(root)


def mutate(content: bytes, rng: random.Random) -> bytes:
    """One byte changed, left out or put in; a stretch doubled or cut; digits swapped."""
    place = rng.randrange(len(content))
    kind = rng.randrange(6)
    if kind == 0:
        return content[:place] + bytes([rng.randrange(256)]) + content[place + 1 :]
    if kind == 1:
        return content[:place] + content[place + 1 :]
    if kind == 2:
        return content[:place] + rng.choice([b" ", b"\n", b"0", b"\0"]) + content[place:]
    if kind == 3:
        return content[:place] + content[place : place + 20] + content[place:]
    if kind == 4:
        return content[:place]
    words = [b"true", b"false", b"null", b"NaN", b"0", b"1", b"c14", b"simulated", b"cc-by-sa"]
    there = [word for word in words if word in content]
    return content.replace(rng.choice(there), rng.choice(words), 1) if there else content[1:]


@pytest.mark.parametrize("name", FILES)
def test_every_mutation_is_found(root, name):
    rng = random.Random(name)
    (path,) = root.glob(name)
    content = path.read_bytes()
    missed = []
    for i in range(N_MUTATIONS):
        mutated = mutate(content, rng)
        if mutated == content:
            continue
        path.unlink()
        path.write_bytes(mutated)
        if verify(root).ok:
            missed.append((i, mutated))
    path.unlink()
    path.write_bytes(content)
    assert verify(root).ok
    assert missed == []
