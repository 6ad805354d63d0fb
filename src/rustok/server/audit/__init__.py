"""Audits: they read the program's own code and its database and say where a promise is not kept.

Refuses: mending anything, and asking anybody but the code and the rows.
"""
