"""A library that is not installed, for as long as a test needs that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def absent_module(name: str) -> Iterator[None]:
    """Within the context importing it fails as if it were not there."""
    with patch.dict(sys.modules, {name: None}):
        yield
