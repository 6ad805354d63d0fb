"""Wire shapes of identity: accounts, and what proves who somebody is."""
