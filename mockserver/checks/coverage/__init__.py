"""What of a contract was touched, and what was not."""
