"""Comments: what readers say below a node, in threads, shown after a moderator has looked.

Refuses: giving e-mail addresses to anybody but moderators, and markup of readers.
"""
