"""Timelines: all that is recorded of one order, product or page and of what it set going.

Refuses: recording anything itself, and telling what was in an event.
"""
