"""Ratios against what one would use otherwise, measured in one run; never asserted, because machines differ."""
