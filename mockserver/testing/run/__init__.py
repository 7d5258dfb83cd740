"""A command under the mock: its process, its environment, and the mock that it calls."""
