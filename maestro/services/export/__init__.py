"""What leaves a project as files for others: frames as a ZIP, a storyboard to print, a shot list, or all of it.

Every file appears whole or not at all, and the same project makes the same bytes.
"""

from maestro.services.export.archives import everything_zip, frames_zip
from maestro.services.export.shot_list import shot_list_csv, shot_list_markdown
from maestro.services.export.storyboard import storyboard_pdf

__all__ = ["everything_zip", "frames_zip", "shot_list_csv", "shot_list_markdown", "storyboard_pdf"]
