"""`python -m tests.benchmarks` prints every ratio."""

from tests.benchmarks import sampling

sampling.report()
