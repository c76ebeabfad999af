"""The analyzer: finds the cause of a failure in its evidence, and answers with a minimal patch or an honest "none".

It reaches neither the cluster nor Redis; everything it knows came in the request. Start it with
``python -m logjedi_analyzer``.
"""
