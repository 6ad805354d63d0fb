"""Redis or Valkey: the one connection of a process to it, and what needs its scripts and channels.

Here lives the client library, imported only where `redis.url` is set. It refuses to be a store: what
is there may be lost at any moment and is then told by the database, or counted anew.
"""
