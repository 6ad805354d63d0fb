"""Notices: mails that tell customers what became of their order or return.

Refuses: changing an order, and storing what a mail says: it is read when the mail is sent.
"""
