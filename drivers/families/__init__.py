"""Reader families: each implements drivers.reader over a link and its protocol."""
