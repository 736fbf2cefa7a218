"""Maestro on the command line, without a browser: one module a command, over the same Studio that the pages use.

`running` does one clip; `run`, `batch` and `watch` do one, many, and those that arrive.
"""
