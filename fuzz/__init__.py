"""Fuzzing with atheris: bytes that libFuzzer makes, until something other than our own errors is raised."""
