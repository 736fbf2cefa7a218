"""Tests of the services, one module each."""
