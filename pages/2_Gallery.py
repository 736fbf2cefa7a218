"""Saved frames: look, download, take out again."""

from maestro.ui import gallery, shell

gallery.show(shell.page("Gallery"))
