"""What ``make fuzz`` tries: a property for each part that reads what others wrote."""
