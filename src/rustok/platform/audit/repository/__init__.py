"""Every query of the audit log."""
