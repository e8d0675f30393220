"""SOPS files: the format, the engine in process, and the real ``sops`` command behind the same Protocol."""
