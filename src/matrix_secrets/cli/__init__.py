"""The command line: options, one short file a command, text and JSON output, and the one place that catches errors."""
