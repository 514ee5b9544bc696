"""Where readers may be: ports listed, watched and scanned; nobody is asked here."""
