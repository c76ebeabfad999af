"""What the use cases need from outside: something that diagnoses, and something that reasons."""
