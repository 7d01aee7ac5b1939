"""The system's throughput, as ratios to a peer and to a ceiling measured in the same run."""
