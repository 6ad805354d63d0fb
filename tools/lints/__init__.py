"""Our own lints, each born of a way such programs rot; generic style belongs to ruff.

A finding names file, line, rule and the mend. A line is excused only by the marker its rule names,
with a reason after it.
"""
