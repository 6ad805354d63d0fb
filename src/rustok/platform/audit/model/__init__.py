"""The rules of the chain: records, their hashes, signatures and what counts as tampering; pure."""
