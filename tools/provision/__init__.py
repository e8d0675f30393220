"""The real parts that tests run against: found, or built into the user's cache. Standard library only."""
