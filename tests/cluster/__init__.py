"""Maestro on a cluster of dask: a real scheduler and real workers on loopback."""
