"""Card readers: transports, codecs, families. No payment logic, no HTTP."""
