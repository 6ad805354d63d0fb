"""What a comment is, and how its words become HTML; no I/O."""
