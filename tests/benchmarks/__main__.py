"""`python -m tests.benchmarks` prints every figure; it needs Chromium, about two minutes, and a computer that does nothing else."""

from tests.benchmarks import pages, rows, sampling, workspace

sampling.report()
workspace.report()
rows.report()
pages.report()
