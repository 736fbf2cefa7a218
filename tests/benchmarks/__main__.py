"""`python -m tests.benchmarks` prints every figure; it needs Chromium, about ten minutes, and a computer that does nothing else."""

from tests.benchmarks import pages, rows, sampling, scale, start, workspace

sampling.report()
workspace.report()
rows.report()
start.report()
pages.report()
scale.report()
