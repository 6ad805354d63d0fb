"""What a media is, and what the first bytes of a file say; no I/O."""
