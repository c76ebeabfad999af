"""What the service does, in the words of the domain; no framework in sight."""
