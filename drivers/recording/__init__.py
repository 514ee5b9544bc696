"""What passed between host and reader: written down without card data, and replayed."""
