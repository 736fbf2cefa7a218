"""Which takes an export is about, and what their files are called in it."""

from maestro.types import PICTURE_SUFFIXES, Project, ShotSheet, Take


def chosen_takes(project: Project) -> tuple[Take, ...]:
    """The saved takes in order; while none is saved, the last take of each shot."""
    if project.saved_takes:
        return project.saved_takes
    return tuple(sheet.last_take for sheet in project.sheets if sheet.last_take is not None)


def every_shot(project: Project) -> tuple[tuple[ShotSheet, Take | None], ...]:
    """Each shot with each of its saved takes; with its last take where none is saved, with None where there is no take."""
    pairs: list[tuple[ShotSheet, Take | None]] = []
    for sheet in project.sheets:
        saved = [take for take in sheet.takes if take.is_saved]
        pairs += [(sheet, take) for take in saved] or [(sheet, sheet.last_take)]
    return tuple(pairs)


def file_name(take: Take) -> str:
    """Such as "shot-01_take-02.png"."""
    return f"{take.label}{PICTURE_SUFFIXES[take.media_type]}"


def has_file(take: Take) -> bool:
    """Whether the picture itself is there; a link could lead anywhere."""
    return take.path.is_file() and not take.path.is_symlink()


def timecode(take: Take | None) -> str:
    """When in the clip its source frame is, such as "00:00:02.640"; empty when nobody noted which frame that was."""
    if take is None or take.frame is None:
        return ""
    seconds, thousandths = divmod(round(take.frame.time_s * 1000), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{thousandths:03d}"
