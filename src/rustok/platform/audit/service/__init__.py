"""What is done with the audit log: sealing it, reading it, checking it, signing and shortening it."""
