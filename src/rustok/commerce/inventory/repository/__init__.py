"""Every query on stock, split by what it reads: locations, levels with their ledger, reservations."""
