"""Programs for the environments of the peers: `enqueue <count>` owes no-op jobs, `work` does them until stopped."""
