"""A rotation in a running cluster: planned, driven step by step, and found again from what the world looks like."""
