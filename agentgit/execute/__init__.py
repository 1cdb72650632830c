"""Plan in, events out: performs the steps of a plan and decides nothing."""
