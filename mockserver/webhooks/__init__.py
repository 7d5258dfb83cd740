"""What an API sends by itself: bodies, signatures, the check of an endpoint, deliveries on the clock, and their log."""
