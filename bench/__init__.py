"""Measurements of mockserver: `python -m bench --help`. README.md says what each means; nothing here is shipped."""
