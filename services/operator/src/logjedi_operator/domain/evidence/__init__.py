"""Evidence: pure functions from raw objects to the facts that the analyzer gets.

``usecases.collect_evidence`` reads the objects and masks the facts; nothing here calls anything.
"""
