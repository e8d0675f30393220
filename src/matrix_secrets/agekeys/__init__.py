"""Age identities and recipients; the only package that imports pyrage, and only once a key is really used."""
