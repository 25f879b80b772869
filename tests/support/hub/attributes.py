"""Which files the Hub keeps as LFS: the ``.gitattributes`` that it gives a new dataset repo."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath

#: The patterns of a new dataset repo, in the Hub's order. Spreadsheets and .mat are not among them.
PATTERNS = """
*.7z *.arrow *.avro *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.lz4 *.mds *.mlmodel
*.model *.msgpack *.npy *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar
*.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz *.wasm *.xz *.zip *.zst *tfevents*
*.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg *.webp
*.mp4 *.webm
"""

#: A larger file is LFS whatever its name.
LARGEST_REGULAR_BYTES = 10 * 1024 * 1024


def line_of(pattern: str) -> str:
    """The line of ``.gitattributes`` that makes a pattern, or a path, LFS."""
    escaped = pattern.replace(" ", "[[:space:]]")
    return f"{escaped} filter=lfs diff=lfs merge=lfs -text\n"


DEFAULT = "".join(line_of(pattern) for pattern in PATTERNS.split()).encode()


def matches(path: str, attributes: str) -> bool:
    """Whether a ``.gitattributes`` says that a path is LFS."""
    name = PurePosixPath(path).name
    for line in attributes.splitlines():
        pattern, _, rest = line.partition(" ")
        if "filter=lfs" in rest:
            pattern = pattern.replace("[[:space:]]", " ")
            if fnmatchcase(path if "/" in pattern else name, pattern):
                return True
    return False


def is_lfs(path: str, size: int, sample: bytes, attributes: str) -> bool:
    """What preupload answers: by pattern, by size, or because the sample is not text."""
    return matches(path, attributes) or size > LARGEST_REGULAR_BYTES or not _is_text(sample)


def _is_text(sample: bytes) -> bool:
    if b"\0" in sample:
        return False
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        return len(sample) - error.start < 4  # a character that the sample cuts
    return True
