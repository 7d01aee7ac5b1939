"""What the system does in a second, as ratios to a peer and to a ceiling measured in the same run."""
