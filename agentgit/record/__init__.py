"""What happened: the ledger in Git refs, and what its records say about pins and last good."""
