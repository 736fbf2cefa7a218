"""What there is of the offline engine, known before anything large is imported: its model files, and its card."""

import hashlib
from pathlib import Path

from maestro.types import EngineCard

MODELS = Path(__file__).parent / "models"
STYLE_FILES = ("style_predict.onnx", "style_transform.onnx")
FACE_FILE = "face_full_range.tflite"
HONEST_LINE = "made on this computer, no AI service"
TEXT_MODEL = "measurement-1"
NETWORK_MODEL = "style-transfer-1"
CLASSICAL_MODEL = "palette-and-ink-1"


def sound_files(folder: Path = MODELS) -> frozenset[str]:
    """Names of the files in `folder` that are there and hash to what its SHA256SUMS says; none when that is missing."""
    sums = folder / "SHA256SUMS"
    if not sums.is_file():
        return frozenset()
    lines = [line.split() for line in sums.read_text("utf-8", errors="replace").splitlines()]
    wanted = [(line[1], line[0]) for line in lines if len(line) == 2]
    return frozenset(name for name, digest in wanted if _digest(folder / name) == digest)


def card(sound: frozenset[str]) -> EngineCard:
    """Of an engine with these model files; says when the style network is missing."""
    has_network = sound.issuperset(STYLE_FILES)
    missing = "" if has_network else "; the style network's files are missing or damaged: palette and ink only"
    model = NETWORK_MODEL if has_network else CLASSICAL_MODEL
    return EngineCard(
        "offline",
        "On this computer",
        f"{HONEST_LINE}{missing}",
        is_paid=False,
        text_models=(TEXT_MODEL,),
        image_models=(model,),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
