"""Published archives: downloaded with a checksum, unpacked without surprises."""
