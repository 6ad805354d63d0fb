"""Notifications: mails that tell a tenant's administrators what needs them.

Refuses: mails to customers (the features of commerce send those) and changing anything.
"""
