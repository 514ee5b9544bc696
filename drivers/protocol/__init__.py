"""Sans-I/O codecs: bytes in, values out. Nothing here waits, logs or reads a clock."""
