"""Every query of identity, one file per table family.

Refuses: decisions; whether a row may be read or written is the service's question.
"""
