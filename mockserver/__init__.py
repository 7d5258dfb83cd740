"""mockserver: other people's HTTP APIs on your own machine, from their contract and a declarative file of behaviour.

Importing the package costs nothing: it holds the version and, later, public names that load on first use.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
