"""What ``make crash`` needs: a tracer that stops programs at system calls, commands, and what has to hold then."""
