"""What the commands do: one file a capability, a pure plan and its application."""
