"""Memory that spares the database: a read-through cache, its single flight, its invalidation.

It refuses to be a source of truth: everything in it may vanish at any moment and be loaded again.
"""
