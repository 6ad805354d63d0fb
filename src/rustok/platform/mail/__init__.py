"""Mail: kept as rows in the caller's transaction, sent later by the worker, logged until it is old.

Refuses: deciding who is written to, or what about; features bring their templates and queue.
"""
