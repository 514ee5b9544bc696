"""Ways to a reader: bytes out, bytes in, and the news that the wire is gone."""
