"""Measures, never tests: ``make bench`` writes ``bench.json`` and prints it beside the floor of the same run."""
