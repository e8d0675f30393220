"""Text-preserving YAML: documents, positions, edits that change only the bytes of the values they change."""
