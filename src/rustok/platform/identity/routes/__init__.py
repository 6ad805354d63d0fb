"""Identity over HTTP: one file per surface and subject.

Refuses: deciding; each handler calls one use case and shapes its answer.
"""
