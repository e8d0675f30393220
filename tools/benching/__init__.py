"""What ``make bench`` needs: commands with a clock, and repositories to run them in."""
