"""Matrix stacks in a repository: what they consist of, where each secret stands, how a value there is changed."""
