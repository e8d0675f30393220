"""The features of the SOPS format, tried in both directions against the real sops: for the tests, and for the page."""
