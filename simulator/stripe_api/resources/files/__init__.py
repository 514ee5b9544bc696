"""Files: what was uploaded for which purpose, and the links it is given away by."""
