"""One shot at a time: its words with their history, its takes, each compared with its source frame."""

from maestro.ui import desk, shell

desk.show(shell.page("Shots"))
